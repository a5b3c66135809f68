# SPDX-License-Identifier: Apache-2.0
"""Every case of the shared Wycheproof file against ``verify_jws``: nothing invalid is accepted, and each valid one refused has its reason."""

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest

from cardservice.credentials import jose, jwk
from cardservice.credentials.errors import CredentialError, KeyMalformed, KeyWeak, TokenHeaderRefused

_FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "wycheproof" / "json_web_signature_test.json"

# Valid in the file, refused by us, and why (decision 0042).
_REFUSED_VALID = {
    **dict.fromkeys(
        (346, 350), TokenHeaderRefused
    ),  # the key says PS256, the token PS384: 338 and 340 call just that invalid
    **dict.fromkeys((347, 351), KeyMalformed),  # the key says ES521, which is no algorithm
    **dict.fromkeys(
        (357, 358, 359, 372, 373, 376, 377), KeyWeak
    ),  # the key is 32 zero octets; 372 and 373 have "?" in base64url too
}


class Case:
    """One case with its key and its group's name."""

    def __init__(self, key: Mapping[str, Any], group: str, test: Mapping[str, Any]) -> None:
        self.key, self.group = key, group
        self.number: int = test["tcId"]
        self.is_valid: bool = test["result"] == "valid"
        self.jws: str = test["jws"] if isinstance(test["jws"], str) else json.dumps(test["jws"])


def _cases() -> Iterator[Case]:
    if not _FILE.exists():
        pytest.skip(f"{_FILE} is not here")
    for group in json.loads(_FILE.read_text(encoding="utf-8"))["testGroups"]:
        for test in group["tests"]:
            yield Case(group.get("public") or group["private"], group["comment"], test)


def _refusal(case: Case) -> CredentialError | None:
    try:
        jose.verify_jws(case.jws, case.key)
    except CredentialError as refused:
        return refused
    return None


def test_nothing_invalid_is_accepted() -> None:
    cases = list(_cases())
    assert sum(not case.is_valid for case in cases) == 355
    assert [case.number for case in cases if not case.is_valid and _refusal(case) is None] == []


def test_valid_ones_are_accepted_but_for_eleven_with_their_reasons() -> None:
    refused = {case.number: refusal for case in _cases() if case.is_valid and (refusal := _refusal(case)) is not None}
    assert {number: type(refusal) for number, refusal in refused.items()} == _REFUSED_VALID
    assert sum(case.is_valid for case in _cases()) - len(refused) == 35


def test_sabotage_pyjwt_alone_accepts_six() -> None:
    def accepted(case: Case) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                key = jwt.PyJWK.from_dict(
                    dict(case.key), algorithm=case.key.get("alg") or f"{'R' if 'n' in case.key else 'E'}S256"
                )
                jwt.PyJWS().decode_complete(case.jws, key=key)
            except (jwt.PyJWTError, NotImplementedError, ValueError, KeyError):
                return False
        return True

    assert [case.number for case in _cases() if not case.is_valid and accepted(case)] == [353, 354, 355, 356, 367, 370]


def test_sabotage_without_the_rule_on_marked_keys_four_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwk, "_require_signature_use", lambda _: None)
    assert [case.number for case in _cases() if not case.is_valid and _refusal(case) is None] == [353, 354, 355, 356]


def test_sabotage_without_the_rule_on_guessable_keys_two_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """These two are the same text and key as 357, which the file calls valid: no rule on the token could tell them apart."""
    monkeypatch.setattr(jwk, "_is_one_octet_repeated", lambda _: False)
    cases = {case.number: case for case in _cases()}
    accepted = [case.number for case in cases.values() if not case.is_valid and _refusal(case) is None]
    assert accepted == [367, 370]
    assert {cases[number].jws for number in (*accepted, 357)} == {cases[357].jws}
    # The rules on encoding are not what refuses that key's valid cases: only the two with "?" are still refused.
    still = {case.number for case in cases.values() if case.is_valid and _refusal(case) is not None}
    assert still == {346, 347, 350, 351, 372, 373}
