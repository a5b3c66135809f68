# SPDX-License-Identifier: Apache-2.0
"""What stock tools see on an issued card without the PIN."""

import pytest

from tests.stock_tools.conftest import Desk
from tests.stock_tools.holder import GUID, HOLDER

pytestmark = pytest.mark.needs("pcscd", "opensc")


def test_opensc_tool_lists_the_reader_with_its_card(desk: Desk) -> None:
    assert "0    Yes             Virtual PCD 00 00" in desk.run("opensc-tool", "--list-readers")


def test_opensc_tool_reads_the_contact_atr(desk: Desk) -> None:
    assert "3b:9b:96:81:31:fe:45:80:f9:a0:00:00:03:08:00:00:10:00:c4" in desk.run("opensc-tool", "--atr")


def test_opensc_tool_reads_the_contactless_atr(contactless_desk: Desk) -> None:
    assert "3b:8b:80:01:80:f9:a0:00:00:03:08:00:00:10:00:c8" in contactless_desk.run("opensc-tool", "--atr")


@pytest.mark.parametrize("program", ["opensc-tool", "piv-tool"])
def test_the_card_is_recognized_as_piv(desk: Desk, program: str) -> None:
    assert "Personal Identity Verification Card" in desk.run(program, "--name")


@pytest.mark.parametrize("program", ["opensc-tool", "piv-tool"])
def test_the_serial_is_the_guid_of_the_chuid(desk: Desk, program: str) -> None:
    assert GUID.hex(" ").upper() in desk.run(program, "--serial")


def test_pkcs11_tool_lists_the_token_under_the_holders_name(desk: Desk) -> None:
    said = desk.run("pkcs11-tool", "--list-token-slots")
    assert f"token label        : {HOLDER}" in said
    assert "token flags        : login required, rng, token initialized, PIN initialized" in said


def test_pkcs11_tool_lists_four_certificates_and_public_keys(desk: Desk) -> None:
    said = desk.run("pkcs11-tool", "--list-objects")
    assert said.count(f"subject:    DN: CN={HOLDER}") == 4
    for label in ("PIV AUTH pubkey", "SIGN pubkey", "KEY MAN pubkey", "CARD AUTH pubkey"):
        assert label in said


def test_pkcs11_tool_gets_random_bytes_from_the_card(desk: Desk) -> None:
    desk.run("pkcs11-tool", "--generate-random", "32", "--output-file", "random")
    assert len((desk.folder / "random").read_bytes()) == 32


@pytest.mark.needs("yubico-piv-tool")
def test_yubico_piv_tool_reads_the_status(desk: Desk) -> None:
    said = desk.run("yubico-piv-tool", "-a", "status", "-r", "Virtual PCD 00 00")
    assert "PIN tries left:\t3" in said
    for slot in ("9a", "9c", "9d", "9e"):
        assert f"Slot {slot}:" in said
    assert said.count(f"Subject DN:\tCN={HOLDER}") == 4
