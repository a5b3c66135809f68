# SPDX-License-Identifier: Apache-2.0
import pytest

from cardservice.card_edge.errors import MalformedApdu, UnexpectedResponse, UnwritableContent
from cardservice.card_edge.globalplatform.delete import delete, delete_key, delete_key_set
from cardservice.card_edge.globalplatform.put_key import check_put_key_answer, key_data, put_key
from cardservice.card_edge.globalplatform.segmentation import segmented
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.keys import SessionKeys
from tests.card_edge.static_card_keys import wrap

DEK = bytes(range(0x40, 0x50))
KEYS = [wrap(bytes([n]) * 32, DEK) for n in (1, 2, 3)]


@pytest.mark.parametrize(("length", "frame"), [(16, "881110"), (24, "882118"), (32, "882120")])
def test_key_data_says_the_true_length(length: int, frame: str) -> None:
    key = wrap(bytes(length), DEK)
    encoded = key_data(key)
    assert encoded.hex().startswith(frame)
    assert encoded[3:-4] == key.ciphertext
    assert encoded[-4:] == b"\x03" + key.kcv


def test_p1_replaces_and_p2_counts() -> None:
    assert put_key(0x30, KEYS).header.hex() == "80d80081"
    assert put_key(0x30, KEYS, replaces=0xFF).header.hex() == "80d8ff81"
    assert put_key(0x70, KEYS[:1]).header.hex() == "80d80001"


@pytest.mark.parametrize("version", [0, 0x80, 0xFF])
def test_a_new_version_is_01_to_7f(version: int) -> None:
    with pytest.raises(UnwritableContent):
        put_key(version, KEYS)


def test_the_answer_must_carry_the_check_values_sent() -> None:
    right = b"\x30" + b"".join(key.kcv for key in KEYS)
    check_put_key_answer(right, 0x30, KEYS)
    for wrong in (b"", right[:-1], right + b"\x00", b"\x31" + right[1:], right[:-1] + bytes([right[-1] ^ 1])):
        with pytest.raises(UnexpectedResponse):
            check_put_key_answer(wrong, 0x30, KEYS)


def test_sabotage_a_compare_that_says_yes_believes_a_card_with_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cardservice.card_edge.globalplatform.put_key.compare_digest", lambda _, __: True)
    check_put_key_answer(b"", 0x30, KEYS)


def test_a_long_command_is_segmented_after_protection() -> None:
    keys = SessionKeys(bytes(16), bytes(16), bytes(16), bytes(8), bytes(8), bytes(8))
    many = [wrap(bytes([n]) * 32, DEK) for n in range(7)]
    protected = SecureChannel(keys, SecurityLevel.C_MAC).protect(put_key(0x30, many)).command
    parts = segmented(protected)
    assert [part.p1 for part in parts] == [0x80, 0x00]
    assert b"".join(part.data for part in parts) == protected.data
    assert [part.le for part in parts] == [None, 256]
    assert all(not part.extended for part in parts)
    assert segmented(put_key(0x30, KEYS)) == [put_key(0x30, KEYS)]


def test_delete() -> None:
    aid = bytes.fromhex("A000000647")
    assert delete(aid).encode().hex() == "80e40000074f05a00000064700"
    assert delete(aid, related=True).p2 == 0x80
    assert delete_key_set(0xFF).encode().hex() == "80e4000003d201ff00"
    assert delete_key(key_identifier=1, key_version_number=0x30).data.hex() == "d00101d20130"
    with pytest.raises(MalformedApdu):
        delete_key()
