# SPDX-License-Identifier: Apache-2.0
"""Why a token's keys are not put to work: what whoever starts the key process is told.

TokenUnusable (of HsmError)
|- ModuleUnusable       the PKCS#11 module can't be loaded, or others could replace it
|- TokenNotFound        no token of that name, or several
|- TokenLoginRefused    the token refused the PIN; it is not tried again
|- TokenUnfit           the token lacks something that keys need
|- TokenRecordDamaged   what lies beside a key was changed, or isn't ours
|- KeyAttributeWrong    a key may do more than it must, or could be read
`- KeyObjectWrong       a key lacks, is there twice, is another, or nobody knows it
"""

from hsm.errors import HsmError


class TokenUnusable(HsmError):
    """The root of reasons why a token's keys are not put to work."""

    code = "hsm-token-unusable"


class ModuleUnusable(TokenUnusable):
    """The PKCS#11 module; evidence: path, rule."""

    code = "hsm-module-unusable"


class TokenNotFound(TokenUnusable):
    """Not exactly one token has that name; evidence: token, rule."""

    code = "hsm-token-not-found"


class TokenLoginRefused(TokenUnusable):
    """The PIN was refused; evidence: token, rule."""

    code = "hsm-token-login-refused"


class TokenUnfit(TokenUnusable):
    """The token can't do what keys need; evidence: token, rule."""

    code = "hsm-token-unfit"


class TokenRecordDamaged(TokenUnusable):
    """A record beside the keys that the token's own key did not authenticate; evidence: record."""

    code = "hsm-token-record-damaged"


class KeyAttributeWrong(TokenUnusable):
    """An attribute that isn't as it was set; evidence: key, attribute."""

    code = "hsm-key-attribute-wrong"


class KeyObjectWrong(TokenUnusable):
    """Objects that don't agree with what is described; evidence: key, rule."""

    code = "hsm-key-object-wrong"
