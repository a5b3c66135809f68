# SPDX-License-Identifier: Apache-2.0
"""A PKCS#11 token that fails at work, or whose keys are not put to work."""

from hsm.errors.root import HsmError


class TokenFault(HsmError):
    """The token is there and refused one operation; evidence: token, rule (the name of the module's answer)."""

    code = "hsm-token-fault"


class TokenLost(TokenFault):
    """The token is away, or came back with other keys. Nothing was answered; worth asking again soon; evidence: token, rule."""

    code = "hsm-token-lost"


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
