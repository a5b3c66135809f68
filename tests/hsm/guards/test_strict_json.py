# SPDX-License-Identifier: Apache-2.0
"""base64url and JSON as a JWS carries them: one spelling for each value (RFC 7515, 2; RFC 4648, 3.5), nothing around an object."""

import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.guards import strict_json
from hsm.guards.strict_json import NotStrictJson, decode_base64url, decode_object

# The same rule said once more, as a grammar.
GRAMMAR = re.compile(rb"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?")


def is_read(part: bytes) -> bool:
    try:
        decode_base64url(part)
    except NotStrictJson:
        return False
    return True


@given(st.binary(max_size=64))
def test_what_is_encoded_is_read_again(value: bytes) -> None:
    assert decode_base64url(urlsafe_b64encode(value).rstrip(b"=")) == value


@given(st.binary(max_size=12) | st.text("ABQgw-_08/+=\n ", max_size=9).map(str.encode))
def test_what_the_grammar_does_not_know_is_refused(part: bytes) -> None:
    assert is_read(part) == (GRAMMAR.fullmatch(part) is not None)


@pytest.mark.parametrize("part", [b"QQ==", b"QR", b"QUJ", b"Q", b"QUI=", b"QU I", b"Q+/A", b"QUI\n"])
def test_second_spellings_are_refused(part: bytes) -> None:
    assert not is_read(part)


def test_sabotage_without_the_rule_of_the_last_character_two_spellings_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strict_json, "_LAST", dict.fromkeys(range(4), strict_json._ALPHABET))
    assert decode_base64url(b"QR") == decode_base64url(b"QQ")


def test_an_object_is_read() -> None:
    assert decode_object(b'{"a": {"b": 1}}') == {"a": {"b": 1}}


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'{"a":1}{}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b"\xff",
        b"[" * 9000,
    ],
)
def test_whatever_else_is_refused(encoded: bytes) -> None:
    with pytest.raises(NotStrictJson):
        decode_object(encoded)
