# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.errors import MalformedApdu, UnexpectedResponse
from cardservice.card_edge.globalplatform.confirmation import Confirmation, parse_confirmation
from cardservice.card_edge.globalplatform.delete import delete
from cardservice.card_edge.globalplatform.install import (
    install_and_make_selectable,
    install_for_extradition,
    install_for_install,
    install_for_load,
    install_for_make_selectable,
    install_for_personalization,
    install_for_registry_update,
)
from cardservice.card_edge.globalplatform.load import load, load_file
from cardservice.card_edge.globalplatform.privileges import Privileges
from cardservice.card_edge.globalplatform.token import token_input, with_token
from cardservice.card_edge.tlv import find
from tests.card_edge.static_card_keys import cmac

TOKENS = json.loads((Path(__file__).parents[2] / "vectors" / "scp03_self.json").read_text())[
    "delegated_management_tokens"
]
CASES = {case["name"]: case for case in TOKENS["cases"]}
AIDS = {name: bytes.fromhex(aid) for name, aid in TOKENS["aids"].items()}
EXTENDED_INSTANCE = bytes.fromhex("F04B4A535249000201")


def unsigned(name: str) -> CommandApdu:
    if name == "extradition":
        return install_for_extradition(AIDS["target_sd"], AIDS["instance"])
    if name == "delete":
        return delete(AIDS["instance"])
    return install_and_make_selectable(
        AIDS["load_file"], AIDS["module"], AIDS["instance"], parameters=bytes.fromhex("C9020101")
    )


@pytest.mark.parametrize("name", CASES)
def test_delegated_management_tokens(name: str) -> None:
    case, command = CASES[name], unsigned(name)
    assert token_input(command).hex() == case["signature_input"]
    token = cmac(bytes.fromhex(case["token_key"]), token_input(command))
    assert token.hex() == case["token"]
    assert with_token(command, token).encode().hex() == case["command"]


def test_a_token_input_over_255_bytes_has_a_long_lc() -> None:
    command = install_for_install(b"\xf0" * 5, b"\xf0" * 5, b"\xf0" * 5, parameters=bytes(300))
    data = command.data[:-1]
    assert token_input(command)[2:5] == b"\x00" + len(data).to_bytes(2, "big")


@pytest.mark.parametrize(
    "command", [CommandApdu(0x80, 0xE2, 0, 0, b"\x00"), with_token(unsigned("extradition"), b"\x01" * 16)]
)
def test_a_token_is_for_a_command_that_has_none(command: CommandApdu) -> None:
    with pytest.raises(MalformedApdu):
        token_input(command)


@pytest.mark.parametrize(
    ("command", "encoded"),
    [
        (
            install_for_load(b"\xf0\x01\x02\x03\x04", b"\xa0\x01\x02\x03\x04"),
            "80e602000f" + "05f001020304" + "05a001020304" + "000000" + "00",
        ),
        (
            install_for_install(b"\xf1", b"\xf2", b"\xf3"),
            "80e604000e" + "01f101f201f3" + "03000000" + "02c900" + "00" + "00",
        ),
        (
            install_for_make_selectable(b"\xf3", Privileges.CARD_RESET),
            "80e608000a" + "0000" + "01f3" + "03040000" + "00" + "00" + "00",
        ),
        (
            install_for_personalization(bytes.fromhex("A000000308000010000100")),
            "80e620001100000ba00000030800001000010000000000",
        ),
        (install_for_registry_update(b"\xf3"), "80e6400007" + "0000" + "01f3" + "00" + "00" + "00" + "00"),
        (
            install_for_registry_update(b"\xf3", privileges=Privileges.NONE),
            "80e640000a" + "0000" + "01f3" + "03000000" + "00" + "00" + "00",
        ),
    ],
)
def test_every_form_of_install(command: CommandApdu, encoded: str) -> None:
    assert command.encode().hex() == encoded


def test_parameters_of_128_bytes_have_a_ber_length() -> None:
    assert b"\x81\x80" + bytes(128) in install_for_install(b"\xf1", b"\xf2", b"\xf3", parameters=bytes(128)).data


@given(st.binary(min_size=1, max_size=5000), st.integers(20, 255))
def test_a_load_file_arrives_whole_in_numbered_blocks(block: bytes, size: int) -> None:
    stream = load_file(block)
    commands = load(stream, size)
    assert b"".join(command.data for command in commands) == stream
    assert [command.p2 for command in commands] == list(range(len(commands)))
    assert [command.p1 for command in commands] == [0x00] * (len(commands) - 1) + [0x80]
    assert find(stream, 0xC4) == block


def test_a_load_file_past_256_blocks_or_without_any_is_refused() -> None:
    assert len(load(bytes(256 * 10), 10)) == 256
    for stream in (bytes(256 * 10 + 1), b""):
        with pytest.raises(MalformedApdu):
            load(stream, 10)


def test_a_dap_block_stands_before_the_data_block() -> None:
    stream = load_file(b"\x01\x02", dap=(b"\xa0\x00", b"\x55" * 8))
    assert stream.hex() == "e20e4f02a000c308" + "55" * 8 + "c4020102"


def test_confirmations() -> None:
    assert parse_confirmation(b"\x00") is None
    assert parse_confirmation(b"") is None
    receipt = b"\x02\xaa\xbb" + b"\x02\x00\x07" + b"\x01\x42"
    assert parse_confirmation(receipt) == Confirmation(b"\xaa\xbb", 7, b"\x42")
    full = parse_confirmation(receipt + b"\x01\x09" + b"\x01\x08")
    assert full is not None
    assert (full.token_identifier, full.token_digest) == (b"\x09", b"\x08")
    for wrong in (b"\x05\x01", b"\x01\x01", receipt[:3] + b"\x01\x07\x01\x42", receipt + b"\x00\x00\x00"):
        with pytest.raises(UnexpectedResponse):
            parse_confirmation(wrong)
