# SPDX-License-Identifier: Apache-2.0
"""The vectors of ../shared/vectors/scp03.json, on the card's side: whole sessions, key derivation, PUT KEY, length boundaries."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import ISD_AID, Chip, StaticKeySet
from applets.virtual.factory import kdf3
from applets.virtual.frame import Frame
from applets.virtual.image import Image
from applets.virtual.scp03.derivation import BLOCK, cmac, key_check_value
from applets.virtual.scp03.handshake import channel_keys
from applets.virtual.scp03.secure_channel import SecureChannel, mac_header
from cardservice.card_edge.apdu import ResponseApdu

FILE = Path(__file__).parents[3] / "shared/vectors/scp03.json"
WYCHEPROOF = FILE.parent / "wycheproof/aes_cmac_test.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}

pytestmark = pytest.mark.skipif(not VECTORS, reason=f"{FILE} is not there")

SESSIONS = [pytest.param(each, id=each["id"]) for each in VECTORS.get("scp03_sessions", [])]


def key_set(session: dict[str, Any]) -> StaticKeySet:
    enc, mac, dek = (bytes.fromhex(session[name]) for name in ("key_enc", "key_mac", "key_dek"))
    return StaticKeySet(session["kvn"], enc, mac, dek, int(session["sequence_counter"], 16) - 1)


def card_of(session: dict[str, Any], image: Image) -> VirtualCard:
    chip = replace(
        image.chip, kdd=bytes.fromhex(session["init_update_rsp"])[:10], scp_i=0x70, key_sets=(key_set(session),)
    )
    return VirtualCard(Image(chip))


def say(card: VirtualCard, command: str) -> str:
    return card.transmit(bytes.fromhex(command)).hex()


@pytest.mark.parametrize("session", SESSIONS)
def test_the_card_opens_the_session_as_written(session: dict[str, Any], image: Image) -> None:
    card = card_of(session, image)
    assert say(card, session["init_update_cmd"]) == session["init_update_rsp"] + "9000"
    assert say(card, session["ext_auth_cmd"]) == "9000"


@pytest.mark.parametrize("session", SESSIONS)
def test_the_card_takes_the_new_keys_as_written(session: dict[str, Any], image: Image) -> None:
    card = card_of(session, image)
    say(card, session["init_update_cmd"])
    say(card, session["ext_auth_cmd"])
    first, second = session["steps"][:2]
    assert say(card, first["wrapped"]).endswith("9000")
    assert say(card, second["wrapped"]) == second["response_protected"] + "9000"
    added = card.image.chip.key_sets[-1]
    assert added.key_version_number == int(session["put_key"]["new_kvn"], 16)
    assert [added.enc.hex(), added.mac.hex(), added.dek.hex()] == session["put_key"]["new_keys"]
    assert added.sequence_counter == 0


@pytest.mark.parametrize("session", SESSIONS)
def test_every_command_unwraps_and_every_response_is_protected_as_written(session: dict[str, Any]) -> None:
    channel = opened(session)
    for step in session["steps"]:
        plain = Frame.parse(bytes.fromhex(step["plain"]))
        assert channel.unwrap(Frame.parse(bytes.fromhex(step["wrapped"]))) == plain.data, step["name"]
        answer = ResponseApdu(bytes.fromhex(step["response_plain"]), int(step["response_sw"], 16))
        assert channel.protect(answer).data.hex() == step["response_protected"], step["name"]


def opened(session: dict[str, Any]) -> SecureChannel:
    context = bytes.fromhex(session["host_challenge"] + session["card_challenge"])
    keys = channel_keys(key_set(session), context)
    assert (keys.s_enc.hex(), keys.s_mac.hex(), keys.s_rmac.hex()) == (
        session["s_enc"],
        session["s_mac"],
        session["s_rmac"],
    )
    frame = Frame.parse(bytes.fromhex(session["ext_auth_cmd"]))
    chaining_value = cmac(keys.s_mac, bytes(BLOCK) + mac_header(frame) + frame.data[:8])
    assert chaining_value.hex() == session["mac_chaining_value_after_ext_auth"]
    level = int(session["security_level"], 16)
    return SecureChannel(keys, level=level, mac_length=8, chaining_value=chaining_value, holder=ISD_AID)


def test_length_boundaries_of_command_encryption(image: Image) -> None:
    boundaries = VECTORS["c_enc_length_boundaries"]
    key = bytes(range(0x40, 0x50))
    keys = StaticKeySet(0x30, key, key, key, int(boundaries["sequence_counter"], 16) - 1)
    chip: Chip = replace(image.chip, scp_i=0x70, key_sets=(keys,))
    card = VirtualCard(Image(chip))
    answer = card.transmit(bytes.fromhex("8050000008" + boundaries["host_challenge"] + "00"))
    context = bytes.fromhex(boundaries["host_challenge"]) + answer[13:21]
    ready = channel_keys(keys, context)
    host_cryptogram = kdf_for_test(ready.s_mac, context)
    header = bytes.fromhex("8482030010")
    chaining_value = cmac(ready.s_mac, bytes(BLOCK) + header + host_cryptogram)
    channel = SecureChannel(ready, level=3, mac_length=8, chaining_value=chaining_value, holder=ISD_AID)
    for case in boundaries["cases"]:
        plain = Frame.parse(bytes.fromhex(case["plain"]))
        assert channel.unwrap(Frame.parse(bytes.fromhex(case["wrapped"]))) == plain.data, case["plain_len"]


def kdf_for_test(s_mac: bytes, context: bytes) -> bytes:
    return cmac(s_mac, bytes.fromhex("000000000000000000000001 00 0040 01".replace(" ", "")) + context)[:8]


@pytest.mark.parametrize("case", VECTORS.get("scp03_kdf", []), ids=lambda case: case["what"])
def test_key_derivation(case: dict[str, Any]) -> None:
    length = case["output_bits"] // 8
    assert cmac(bytes.fromhex(case["key"]), bytes.fromhex(case["input"]))[:length].hex() == case["output"]


@pytest.mark.parametrize("case", VECTORS.get("aes_kcv", []), ids=lambda case: case["key"])
def test_key_check_values(case: dict[str, Any]) -> None:
    assert key_check_value(bytes.fromhex(case["key"])).hex() == case["kcv_aes_ones"]


@pytest.mark.parametrize("case", VECTORS.get("key_diversification", {}).get("kdf3", []), ids=lambda case: case["kdd"])
def test_kdf3_diversification(case: dict[str, Any]) -> None:
    master, kdd = bytes.fromhex(case["master"]), bytes.fromhex(case["kdd"])
    for usage, name in enumerate(("enc", "mac", "dek"), start=1):
        if name in case:
            assert kdf3(master, kdd, usage, len(bytes.fromhex(case[name]))).hex() == case[name]


@pytest.mark.parametrize("case", VECTORS.get("aes_cmac", []), ids=lambda case: case["tag"])
def test_aes_cmac(case: dict[str, Any]) -> None:
    tag = cmac(bytes.fromhex(case["key"]), bytes.fromhex(case["msg"])).hex()
    assert tag.startswith(case["tag"])


@pytest.mark.parametrize("case", VECTORS.get("primitives", []), ids=lambda case: case["kind"])
def test_primitives(case: dict[str, Any]) -> None:
    if case["kind"] == "host_cryptogram":
        context = bytes.fromhex(case["host_challenge"] + case["card_challenge"])
        assert kdf_for_test(bytes.fromhex(case["s_mac"]), context).hex() == case["expected"]
    elif case["kind"] == "c_mac":
        covered = bytes.fromhex(case["mac_chaining_value"] + case["mac_input_after_mcv"])
        assert cmac(bytes.fromhex(case["s_mac"]), covered)[:8].hex() == case["expected"]
    else:
        covered = bytes.fromhex(case["mac_chaining_value"] + case["response"] + case["sw"])
        assert cmac(bytes.fromhex(case["s_rmac"]), covered)[:8].hex() == case["expected"]


def test_wycheproof_aes_cmac() -> None:
    checked = 0
    for group in json.loads(WYCHEPROOF.read_text())["testGroups"]:
        for case in group["tests"]:
            key = bytes.fromhex(case["key"])
            if len(key) not in {16, 24, 32}:
                continue
            tag = cmac(key, bytes.fromhex(case["msg"]))[: group["tagSize"] // 8].hex()
            assert (tag == case["tag"]) is (case["result"] == "valid"), case["tcId"]
            checked += 1
    assert checked > 250
