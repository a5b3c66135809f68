# SPDX-License-Identifier: Apache-2.0
import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm import strict_cbor
from hsm.errors import FrameTooLarge, HsmError, MalformedFrame, RequestRefused, error_from_wire, errors_by_code
from hsm.limits.grants import Grant
from hsm.limits.rate_limit import DEFAULT_RATES
from hsm.wire.channel_requests import ListCurrentMasters, OpenSecureChannels, RevokeCards, WrapKeySet
from hsm.wire.document_requests import SIGNING_REQUESTS
from hsm.wire.officer_requests import LiftAnomaly, UnsealMany
from hsm.wire.protocol import (
    LENGTH_SIZE,
    MAX_FRAME_LENGTH,
    OPERATIONS,
    answer_from_wire,
    answer_to_wire,
    decode_list,
    encoded_request,
    frame,
    frame_length,
    frame_of,
    request_from_wire,
    requests_to_wire,
)
from hsm.wire.requests import ListVerifyingKeys, Ping, Request, ShowCaCertificate
from hsm.wire.value_requests import MakeBlindIndexes, MakePseudonym, SealValues, UnsealValue

KEY_SETS = st.builds(
    KeySet,
    st.sampled_from(KeyOrigin),
    st.integers(0, 255),
    st.binary(min_size=10, max_size=10),
    st.integers(0, 255),
)
CHANNELS = st.sampled_from([8, 16]).flatmap(
    lambda length: st.one_of(
        st.builds(SessionRequest, KEY_SETS, st.just(bytes(length)), st.binary(min_size=length, max_size=length)),
        st.builds(
            SessionRequest,
            KEY_SETS,
            st.just(bytes(length)),
            st.none(),
            st.integers(0, 0xFFFFFF),
            st.binary(min_size=5, max_size=16),
        ),
    )
)
NOTES = st.from_regex(r"[a-z][a-z /.-]{0,40}", fullmatch=True)
NAMES = st.from_regex(r"[a-z][a-z=/.-]{0,40}", fullmatch=True)  # what stands before a reason in a record
GRANTS = st.builds(
    Grant,
    st.binary(min_size=1, max_size=80),
    st.lists(st.tuples(NAMES, st.binary(min_size=64, max_size=64)), min_size=1, max_size=2),
)
REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.just(Ping()),
    st.just(ShowCaCertificate()),
    st.builds(ListVerifyingKeys, st.sampled_from(sorted(SIGNING_REQUESTS))),
    *(st.builds(kind, st.binary(min_size=1, max_size=200)) for kind in SIGNING_REQUESTS.values()),
    st.builds(OpenSecureChannels, st.lists(CHANNELS, min_size=1, max_size=4)),
    st.builds(WrapKeySet, KEY_SETS, KEY_SETS),
    st.builds(ListCurrentMasters, st.lists(st.integers(0, 255), min_size=1, max_size=4)),
    st.builds(SealValues, st.lists(st.tuples(NAMES, st.binary(max_size=40)), min_size=1, max_size=4)),
    st.builds(UnsealValue, NAMES, st.binary(max_size=90), NOTES),
    st.builds(MakeBlindIndexes, st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4)),
    st.builds(RevokeCards, st.lists(st.binary(min_size=10, max_size=10), min_size=1, max_size=4), NOTES),
    st.builds(UnsealMany, st.lists(st.tuples(NAMES, st.binary(max_size=90)), min_size=1, max_size=3), NOTES, GRANTS),
    st.builds(LiftAnomaly, NAMES, st.integers(0, 2**32 - 2), NOTES, GRANTS),
    st.builds(MakePseudonym, st.integers(0, 255), st.binary(min_size=1, max_size=64)),
)


@given(st.lists(REQUESTS, min_size=1, max_size=5))
def test_requests_survive_the_wire(requests: list[Request]) -> None:
    framed = frame(requests_to_wire(requests))
    assert framed == frame_of([encoded_request(request) for request in requests])
    assert frame_length(framed[:LENGTH_SIZE]) == len(framed) - LENGTH_SIZE
    assert [request_from_wire(wire) for wire in decode_list(framed[LENGTH_SIZE:])] == requests


@pytest.mark.parametrize("count", [23, 24, 255, 256, 1024])
def test_a_frame_of_many_is_a_list_in_its_shortest_form(count: int) -> None:
    assert decode_list(frame_of([encoded_request(Ping())] * count)[LENGTH_SIZE:]) == [["ping"]] * count


def test_a_frame_of_encoded_requests_has_the_same_limit() -> None:
    with pytest.raises(FrameTooLarge):
        frame_of([bytes(MAX_FRAME_LENGTH)])


@given(
    st.one_of(st.binary(max_size=80), REQUESTS.map(lambda request: frame(requests_to_wire([request]))[4:])), st.data()
)
def test_mutated_bytes_give_a_request_or_a_typed_refusal(encoded: bytes, data: st.DataObject) -> None:
    changed = bytearray(encoded)
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        for wire in decode_list(bytes(changed)):
            request_from_wire(wire)
    except RequestRefused:
        pass


@pytest.mark.parametrize(
    "encoded",
    [b"", b"\x80", b"\x9f\xff", b"\x81\x18\x05", b"\x81\x00\x00", b"\x81" * 5000, cbor2.dumps([0] * 1025), b"\xa0"],
    ids=["nothing", "no items", "indefinite", "long form", "bytes behind", "nested", "too many", "a map"],
)
def test_what_is_no_list_of_requests_is_a_malformed_frame(encoded: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_list(encoded)


def test_a_frame_has_a_limit_both_ways() -> None:
    with pytest.raises(FrameTooLarge):
        frame(bytes(MAX_FRAME_LENGTH))
    with pytest.raises(FrameTooLarge):
        frame_length((MAX_FRAME_LENGTH + 1).to_bytes(4))


@pytest.mark.parametrize("kind", errors_by_code().values(), ids=errors_by_code())
def test_errors_travel_as_code_and_evidence(kind: type[HsmError]) -> None:
    error = kind(rule="why", version=7)
    found = answer_from_wire(cbor2.loads(cbor2.dumps(answer_to_wire(error))))
    assert type(found) is kind
    assert isinstance(found, HsmError)
    assert found.evidence == {"rule": "why", "version": 7}


def test_an_error_of_tomorrow_is_still_a_refusal() -> None:
    assert error_from_wire("hsm-from-the-future", {}).evidence == {"refusal": "hsm-from-the-future"}


@pytest.mark.parametrize("wire", [None, 7, [], [0], [1, "x"], [2, "x", {}], [1, 7, {}]])
def test_what_is_no_answer_is_a_malformed_frame(wire: object) -> None:
    with pytest.raises(MalformedFrame):
        answer_from_wire(wire)


def test_every_operation_has_a_rate_and_no_operation_is_general() -> None:
    assert set(OPERATIONS) == set(DEFAULT_RATES)
    assert not {"sign", "export", "decrypt", "derive"} & set(OPERATIONS)
    assert {kind.purpose for kind in SIGNING_REQUESTS.values()} == {
        Purpose.CARD_CA,
        Purpose.ELIGIBILITY_TOKEN,
        Purpose.COVER_PROOF,
        Purpose.AUDIT,
        Purpose.RECEIPT,
    }


def _tagged(number: int, content: bytes) -> bytes:
    return b"\xd8" + bytes([number]) + content


def _shared(levels: int) -> bytes:
    """Lists of two references to the list before: some bytes for each level, and each level doubles what it stands for."""
    lists = [b"\xd8\x1c\x82\x01\x01"] + [
        _tagged(28, b"\x82" + 2 * _tagged(29, cbor2.dumps(number))) for number in range(levels)
    ]
    return b"\x98" + bytes([len(lists)]) + b"".join(lists)


_COLLIDING = {number * (2**61 - 1): 0 for number in range(9, 20_009)}  # all of one hash: each key meets all before it


@pytest.mark.parametrize(
    "encoded",
    [
        _shared(100),
        _tagged(30, cbor2.dumps([2**1_000_000 - 1, 3**630_000])),
        _tagged(35, cbor2.dumps("a|b" * 60_000)),
        _tagged(5, cbor2.dumps([2**62, 3])),
        cbor2.dumps(_COLLIDING),
        cbor2.dumps([1.5]),
        cbor2.dumps(dict.fromkeys(range(65), 0)),
    ],
    ids=["shared", "fraction", "expression", "exponent", "colliding", "float", "long map"],
)
def test_what_costs_more_than_its_bytes_is_refused_before_it_is_decoded(
    encoded: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    monkeypatch.setattr(cbor2, "loads", decoded.append)
    with pytest.raises(strict_cbor.NotStrictCbor):
        strict_cbor.decode_strict(encoded)
    assert decoded == []


def test_sabotage_without_the_look_at_heads_a_few_bytes_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    few = _shared(16)
    expanded: list[int] = []
    encode = cbor2.dumps

    def measured(item: object) -> bytes:
        encoded = encode(item)
        expanded.append(len(encoded))
        return encoded

    monkeypatch.setattr(strict_cbor, "_refuse_strange", lambda _: None)
    monkeypatch.setattr(cbor2, "dumps", measured)
    with pytest.raises(strict_cbor.NotStrictCbor):
        strict_cbor.decode_strict(few)
    assert expanded[0] > 100 * len(few)
