# SPDX-License-Identifier: Apache-2.0
"""What keys will need of a token, tried on session keys when it is opened: a token that lists a mechanism need not let us use it so.

Mechanism flags are not asked: SoftHSM tells of some what its memory happens to hold. Each trial is a thing that work does; one that fails is
named by mechanism and use, and so is an attribute that does not become what was set.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, Mechanism
from pkcs11.exceptions import PKCS11Error

from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage
from hsm.errors import TokenUnfit
from hsm.keys.key_plan import GENERATED_LENGTH
from hsm.pkcs11.birth import padded_wrapping
from hsm.pkcs11.derived_keys import check_value_of_master, derived_static_key
from hsm.pkcs11.key_templates import Role, passing
from hsm.pkcs11.library_calls import (
    cmac,
    created,
    encrypted_block,
    generated,
    generated_pair,
    hmac_sha256,
    unwrapped,
    wrapped,
)
from hsm.pkcs11.module import name_of
from hsm.pkcs11.recognition import signs_under

_BLOCK: Final = bytes(16)
_PARTS: Final = Diversification(DiversificationScheme.KJS_DIV_1, KeyUsage.ENC, 1, 0, bytes(10), 32)
_WRAPPING: Final = (Attribute.WRAP, Attribute.UNWRAP)
# What a static card key may never be, whatever a module makes of a template.
_KEPT: Final = (Attribute.TOKEN, Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.SIGN, Attribute.WRAP)


class _Trial:
    """Session keys that go when the trial ends."""

    def __init__(self, session: pkcs11.Session, kept: ExitStack) -> None:
        self.session = session
        self._kept = kept

    def key(self, handle: Any) -> Any:
        """The same, destroyed in the end."""
        self._kept.callback(handle.destroy)
        return handle

    def master(self) -> Any:
        """A key that derives and does nothing else."""
        attributes = passing(Role.MASTER, Attribute.DERIVE, extractable=False)
        return self.key(generated(self.session, GENERATED_LENGTH, attributes))

    def static_key(self, use: Attribute | None) -> Any:
        """A key derived from a master, for one use; None is "to be wrapped"."""
        attributes = passing(Role.MASTER, *([use] if use else []), extractable=use is None)
        key = self.key(derived_static_key(self.master(), _PARTS, b"", attributes))
        refuse_changed(key, attributes)
        return key


class AttributeChanged(PKCS11Error):
    """An attribute is not as it was set; never leaves this file's trials."""


def refuse_changed(key: Any, attributes: Mapping[Attribute, Any]) -> None:
    """Raise AttributeChanged unless the key is what the template said."""
    for name in _KEPT:
        if bool(key[name]) is not bool(attributes[name]):
            raise AttributeChanged(f"CKA_{name.name}")


def _signs(trial: _Trial) -> bool:
    point, private = generated_pair(trial.session, passing(Role.SIGNING, Attribute.SIGN, extractable=False))
    return signs_under(trial.session, trial.key(private), point)


def _derives_a_key_that_macs(trial: _Trial) -> bool:
    return len(cmac(trial.static_key(Attribute.SIGN), b"words")) == len(_BLOCK)


def _derives_a_key_that_encrypts(trial: _Trial) -> bool:
    return len(encrypted_block(trial.static_key(Attribute.ENCRYPT), _BLOCK)) == len(_BLOCK)


def _derives_what_may_be_read(trial: _Trial) -> bool:
    return len(check_value_of_master(trial.master())) > 0


def _wraps_a_static_key(trial: _Trial) -> bool:
    new, dek = trial.static_key(None), trial.static_key(Attribute.WRAP)
    return len(wrapped(new, dek, Mechanism.AES_CBC, _BLOCK)) == _PARTS.length


def _wraps_and_unwraps_a_data_key(trial: _Trial) -> bool:
    secret = trial.session.generate_random(8 * GENERATED_LENGTH)
    seal = trial.key(generated(trial.session, GENERATED_LENGTH, passing(Role.SEAL, *_WRAPPING, extractable=False)))
    data_key = trial.key(created(trial.session, secret, passing(Role.SEAL, extractable=True)))
    readable = passing(Role.SEAL, extractable=True, sensitive=False)
    opened = trial.key(
        unwrapped(seal, Mechanism.AES_KEY_WRAP, wrapped(data_key, seal, Mechanism.AES_KEY_WRAP), readable)
    )
    return hmac.compare_digest(bytes(opened[Attribute.VALUE]), secret)


def _makes_an_hmac(trial: _Trial) -> bool:
    key = trial.key(generated(trial.session, GENERATED_LENGTH, passing(Role.HMAC, Attribute.SIGN, extractable=False)))
    return len(hmac_sha256(key, b"words")) == GENERATED_LENGTH


def _wraps_with_padding(trial: _Trial) -> bool:
    return padded_wrapping(trial.session) is not None


FOR_WORK: Final[Mapping[str, Callable[[_Trial], bool]]] = {
    "CKM_ECDSA to sign (CKF_SIGN)": _signs,
    "CKM_AES_CBC_ENCRYPT_DATA to derive, CKM_AES_CMAC under the derived key (CKF_DERIVE, CKF_SIGN)": _derives_a_key_that_macs,
    "CKM_AES_ECB under a derived key (CKF_ENCRYPT)": _derives_a_key_that_encrypts,
    "CKM_AES_ECB_ENCRYPT_DATA to derive what may be read (CKF_DERIVE, CKA_SENSITIVE false)": _derives_what_may_be_read,
    "CKM_AES_CBC to wrap a derived key under another (CKF_WRAP)": _wraps_a_static_key,
    "CKM_AES_KEY_WRAP to wrap and unwrap (CKF_WRAP, CKF_UNWRAP)": _wraps_and_unwraps_a_data_key,
    "CKM_SHA256_HMAC to sign (CKF_SIGN)": _makes_an_hmac,
}
FOR_CUSTODY: Final[Mapping[str, Callable[[_Trial], bool]]] = {
    **FOR_WORK,
    "AES key wrap with padding (RFC 5649)": _wraps_with_padding,
}


def refuse_incapable(session: pkcs11.Session, name: str, trials: Mapping[str, Callable[[_Trial], bool]]) -> None:
    """Raise TokenUnfit with everything that the token of that name would not do."""
    lacking = [found for what, trial in trials.items() for found in _tried(session, what, trial)]
    if lacking:
        raise TokenUnfit(token=name, rule="; ".join(lacking))


def _tried(session: pkcs11.Session, what: str, trial: Callable[[_Trial], bool]) -> Sequence[str]:
    """What is lacking, if anything is."""
    try:
        with ExitStack() as kept:
            return [] if trial(_Trial(session, kept)) else [f"{what}: the result is another"]
    except AttributeChanged as changed:
        return [f"{what}: {changed} is not as it was set"]
    except PKCS11Error as error:
        return [f"{what}: {name_of(error)}"]
    except TokenUnfit as unfit:
        return [f"{what}: {unfit.evidence['rule']}"]
