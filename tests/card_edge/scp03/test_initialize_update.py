# SPDX-License-Identifier: Apache-2.0
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import CardEdgeError, CardNotAuthentic, CardUnusable, UnexpectedResponse
from cardservice.card_edge.scp03.initialize_update import (
    initialize_update,
    parse_initialize_update,
    predicted_response,
)
from cardservice.card_edge.scp03.parameters import ScpParameter
from cardservice.keys import KeyOrigin, KeySet, SessionKeys, SessionRequest
from tests.card_edge.static_card_keys import StaticCardKeys, StaticKeys

KDD = bytes(range(10))
KEY_SET = KeySet(KeyOrigin.SCHEME, 0x30, KDD)
DEFAULT = bytes(range(0x40, 0x50))
KEYS = StaticCardKeys({KEY_SET: StaticKeys(DEFAULT, DEFAULT, DEFAULT)})
ISD = bytes.fromhex("A000000151000000")


def session(challenge_length: int = 8) -> SessionKeys:
    request = SessionRequest(KEY_SET, bytes(range(challenge_length)), None, 1, ISD)
    return KEYS.session_keys([request])[0]


def encoded(i: int, keys: SessionKeys, *, counter: bool) -> bytes:
    return (
        KDD
        + bytes([0x30, 0x03, i])
        + keys.card_challenge
        + keys.card_cryptogram
        + (b"\x00\x00\x01" if counter else b"")
    )


@pytest.mark.parametrize(
    ("i", "size", "counter", "length"),
    [(0x70, 8, True, 32), (0x60, 8, False, 29), (0x71, 16, True, 48), (0x61, 16, False, 45), (0x70, 8, False, 29)],
)
def test_the_four_lengths(i: int, size: int, counter: bool, length: int) -> None:  # noqa: FBT001 - a table's column
    keys = session(size)
    data = encoded(i, keys, counter=counter)
    assert len(data) == length
    response = parse_initialize_update(data)
    assert (response.kdd, response.key_version_number) == (KDD, 0x30)
    assert int(response.parameter) == i
    assert response.sequence_counter == (1 if counter else None)
    assert (response.card_challenge, response.card_cryptogram) == (keys.card_challenge, keys.card_cryptogram)
    response.verify(keys)


def test_any_flipped_bit_of_challenge_or_cryptogram_is_not_authentic() -> None:
    data = encoded(0x70, session(), counter=True)
    for bit in range(13 * 8, 29 * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        response = parse_initialize_update(bytes(flipped))
        request = SessionRequest(KEY_SET, bytes(range(8)), response.card_challenge)
        with pytest.raises(CardNotAuthentic):
            response.verify(KEYS.session_keys([request])[0])


def test_sabotage_a_compare_that_says_yes_accepts_a_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    clone = parse_initialize_update(
        encoded(0x70, dataclasses.replace(session(), card_cryptogram=bytes(8)), counter=True)
    )
    with pytest.raises(CardNotAuthentic):
        clone.verify(session())
    monkeypatch.setattr("cardservice.card_edge.scp03.initialize_update.compare_digest", lambda _, __: True)
    clone.verify(session())


@pytest.mark.parametrize("length", [n for n in range(64) if n not in {29, 32, 45, 48}])
def test_other_lengths_are_refused(length: int) -> None:
    data = (KDD + bytes([0x30, 0x03, 0x70])).ljust(length, b"\x00")[:length]
    with pytest.raises(UnexpectedResponse):
        parse_initialize_update(data)


@pytest.mark.parametrize(("i", "length"), [(0x70, 45), (0x70, 48), (0x71, 29), (0x71, 32)])
def test_a_length_that_i_contradicts_is_refused(i: int, length: int) -> None:
    with pytest.raises(UnexpectedResponse, match="S8 or S16"):
        parse_initialize_update((KDD + bytes([0x30, 0x03, i])).ljust(length, b"\x00"))


def test_another_protocol_is_told_apart() -> None:
    scp02 = KDD + bytes([0x20, 0x02]) + bytes(16)
    with pytest.raises(CardUnusable, match="02 is not SCP03"):
        parse_initialize_update(scp02)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_response_or_our_error(noise: bytes) -> None:
    try:
        parse_initialize_update(noise)
    except CardEdgeError:
        return
    assert len(noise) in {29, 32, 45, 48}


def test_the_command_and_its_challenge() -> None:
    assert initialize_update(0x30, bytes(8)).encode().hex() == "8050300008" + "00" * 8 + "00"
    assert initialize_update(0x00, bytes(16)).data == bytes(16)
    with pytest.raises(CardUnusable):
        initialize_update(0x30, bytes(7))


def test_a_random_challenge_is_not_predicted() -> None:
    with pytest.raises(CardUnusable):
        predicted_response(KDD, 0x30, ScpParameter.parse(0x60), 1, session())


@given(st.integers(0, 0xFFFFFF), st.sampled_from([8, 16]))
def test_a_prediction_reads_back_as_what_was_predicted(counter: int, size: int) -> None:
    request = SessionRequest(KEY_SET, bytes(range(size)), None, counter, ISD)
    keys = KEYS.session_keys([request])[0]
    parameter = ScpParameter(pseudo_random=True, r_mac=True, r_enc=True, s16=size == 16)
    response = parse_initialize_update(predicted_response(KDD, 0x30, parameter, counter, keys))
    assert (response.sequence_counter, response.parameter) == (counter, parameter)
    response.verify(keys)
