# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.errors import MalformedApdu
from cardservice.card_edge.globalplatform.store_data import Encryption, Structure, dgi, store_data


@pytest.mark.parametrize(
    ("structure", "encryption", "first", "last"),
    [
        (Structure.DGI, Encryption.NONE, 0x08, 0x88),
        (Structure.DGI, Encryption.ENCRYPTED, 0x68, 0xE8),
        (Structure.BER_TLV, Encryption.NONE, 0x10, 0x90),
        (Structure.RAW, Encryption.NONE, 0x00, 0x80),
        (Structure.RAW, Encryption.APPLICATION_DEPENDENT, 0x20, 0xA0),
    ],
)
def test_p1_says_how_the_data_is_laid_out(structure: Structure, encryption: Encryption, first: int, last: int) -> None:
    commands = store_data(bytes(300), structure, encryption)
    assert [command.p1 for command in commands] == [first, last]
    assert [command.p2 for command in commands] == [0, 1]


@given(st.binary(max_size=2000), st.integers(10, 255))
def test_blocks_join_to_the_data(data: bytes, size: int) -> None:
    commands = store_data(data, Structure.BER_TLV, block_size=size)
    assert b"".join(command.data for command in commands) == data
    assert [command.p2 for command in commands] == list(range(len(commands)))
    assert all(command.le is None for command in commands)


def test_a_response_is_case_4() -> None:
    (command,) = store_data(b"\x01", Structure.DGI, response_expected=True)
    assert (command.p1, command.le) == (0x89, 256)


def test_the_single_dgi_of_the_vectors() -> None:
    (command,) = store_data(dgi(0x0101, bytes.fromhex("112233445566778899aabbccddeeff")), Structure.DGI)
    assert command.encode().hex() == "80e288001201010f112233445566778899aabbccddeeff"


@pytest.mark.parametrize(("length", "field"), [(0, "00"), (254, "fe"), (255, "ff00ff"), (256, "ff0100")])
def test_dgi_lengths(length: int, field: str) -> None:
    assert dgi(0x0070, bytes(length)).hex() == "0070" + field + "00" * length


def test_more_blocks_than_p2_counts_are_refused() -> None:
    assert len(store_data(bytes(256), Structure.RAW, block_size=1)) == 256
    with pytest.raises(MalformedApdu):
        store_data(bytes(257), Structure.RAW, block_size=1)
