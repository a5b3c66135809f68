# SPDX-License-Identifier: Apache-2.0
"""Every class of the key process that carries octets hides them from its representation, unless they are named here as nobody's secret."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

import pytest

import hsm
from cardservice import keys

pytest.importorskip("pkcs11")

# What may be shown, by class: public halves, names, check values, what is sealed, wrapped or signed, and what anybody may see on the air.
SHOWN = {
    "KeySet": {"kdd"},
    "SessionKeys": {"card_challenge", "card_cryptogram", "host_cryptogram"},
    "SessionRequest": {"host_challenge", "card_challenge", "aid"},
    "WrappedKey": {"ciphertext", "kcv"},
    "VerifyingKey": {"point"},
    "RevokeCards": {"kdds"},
    "BackupSet": {"manifest"},
    "HandoverPlan": {"enrolled"},
    "PlannedTransport": {"kcv"},
    "CeremonyPlan": {"officers"},
    "BelievedBackup": {"certificates", "records"},
    "HeldShare": {"kcv"},
    "_SealingKey": {"wrapped"},
    "Diversification": {"kdd"},
    "Statement": {"digest", "nonce"},
    "Grant": {"statement"},
    "SigningContext": {"own_points"},
    "KeyBackup": {"wrapped", "check_value", "backup_key_check_value", "point"},
    "KeyBundle": {"ca_certificate", "records"},
    "TokenKey": {"subkey"},  # tells nothing of its key (hsm/pkcs11/derived_keys.py)
    "Marks": {"check_value", "point", "wrap_check"},
    "TokenRecord": {"content"},
    "SealingKey": {"salt"},
    "StaticPrfs": {"enc", "mac"},  # functions
    "_Things": {"values"},  # sealed
    "Room": {"randomness"},  # a function
    "Circumstances": {"randomness"},  # as above
    "BroughtSecrets": {"ask"},  # as above
}


def classes() -> Iterator[type]:
    names = [found.name for found in pkgutil.walk_packages(hsm.__path__, "hsm.")]
    for module in (keys, *(importlib.import_module(name) for name in names if not name.endswith("__main__"))):
        for one in vars(module).values():
            if isinstance(one, type) and is_dataclass(one) and one.__module__ == module.__name__:
                yield one


def shown_octets(one: type) -> set[str]:
    """The fields of a class whose octets its representation shows."""
    return {field.name for field in fields(one) if field.repr and "byte" in str(field.type)}


def test_octets_are_hidden_unless_they_are_nobodys_secret() -> None:
    found = {one.__name__: shown_octets(one) for one in classes()}
    assert len(found) > 60  # it has looked
    assert {name: octets for name, octets in found.items() if octets - SHOWN.get(name, set())} == {}


def test_sabotage_a_class_that_shows_its_key_is_found() -> None:
    @dataclass
    class Careless:
        key: bytes

    assert shown_octets(Careless) == {"key"}
