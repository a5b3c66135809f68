# SPDX-License-Identifier: Apache-2.0
"""Published and own SCP03 vectors, the host's side: every byte sent, every answer opened, every key derived."""

import json
from pathlib import Path
from typing import Any

import pytest

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.globalplatform.put_key import check_put_key_answer, put_key
from cardservice.card_edge.scp03.initialize_update import (
    initialize_update,
    parse_initialize_update,
    predicted_response,
)
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.keys import KeyOrigin, KeySet, SessionKeys, SessionRequest
from tests.card_edge.static_card_keys import StaticCardKeys, StaticKeys, cmac, kcv, kdf, wrap

OWN = json.loads((Path(__file__).parents[2] / "vectors" / "scp03_self.json").read_text())
h = bytes.fromhex


def static_keys(vector: dict[str, Any]) -> StaticCardKeys:
    return StaticCardKeys(
        {key_set(vector): StaticKeys(h(vector["key_enc"]), h(vector["key_mac"]), h(vector["key_dek"]))}
    )


def key_set(vector: dict[str, Any]) -> KeySet:
    return KeySet(KeyOrigin.SCHEME, vector["kvn"], h(vector["init_update_rsp"])[:10])


def check_session(vector: dict[str, Any]) -> None:
    sent = CommandApdu.parse(h(vector["init_update_cmd"]))
    assert initialize_update(sent.p1, h(vector["host_challenge"])) == sent
    response = parse_initialize_update(h(vector["init_update_rsp"]))
    keys = static_keys(vector)
    request = SessionRequest(key_set(vector), h(vector["host_challenge"]), response.card_challenge)
    (session,) = keys.session_keys([request])
    assert session == SessionKeys(
        *(
            h(vector[name])
            for name in ("s_enc", "s_mac", "s_rmac", "card_challenge", "card_cryptogram", "host_cryptogram")
        )
    )
    response.verify(session)
    check_prediction(vector, keys)
    level = response.parameter.require(SecurityLevel.parse(int(vector["security_level"], 16)))
    channel = SecureChannel(session, level)
    assert channel.external_authenticate().encode().hex() == vector["ext_auth_cmd"]
    assert channel.mac_chaining_value.hex() == vector["mac_chaining_value_after_ext_auth"]
    check_steps(channel, vector["steps"])
    check_put_key(vector)


def check_prediction(vector: dict[str, Any], keys: StaticCardKeys) -> None:
    if not vector.get("sequence_counter"):
        return
    counter = int(vector["sequence_counter"], 16)
    request = SessionRequest(key_set(vector), h(vector["host_challenge"]), None, counter, h(vector["invoking_aid"]))
    (session,) = keys.session_keys([request])
    response = parse_initialize_update(h(vector["init_update_rsp"]))
    predicted = predicted_response(response.kdd, response.key_version_number, response.parameter, counter, session)
    assert predicted.hex() == vector["init_update_rsp"]


def check_steps(channel: SecureChannel, steps: list[dict[str, Any]]) -> None:
    # All commands first, then all answers: as a dialogue sends them.
    protected = [channel.protect(CommandApdu.parse(h(step["plain"]))) for step in steps]
    for command, step in zip(protected, steps, strict=True):
        assert command.command.encode().hex() == step["wrapped"], step["name"]
        if "mac_chaining_value_after" in step:
            assert command.mac_chaining_value.hex() == step["mac_chaining_value_after"], step["name"]
    for command, step in reversed(list(zip(protected, steps, strict=True))):
        answer = command.open(ResponseApdu(h(step["response_protected"]), int(step["response_sw"], 16)))
        assert answer.data.hex() == step["response_plain"], step["name"]


def check_put_key(vector: dict[str, Any]) -> None:
    given = vector.get("put_key")
    if not given:
        return
    wrapped = [wrap(h(key), h(vector["key_dek"])) for key in given["new_keys"]]
    assert [key.kcv.hex() for key in wrapped] == given["kcv"]
    version = int(given["new_kvn"], 16)
    command = put_key(version, wrapped)
    if len(wrapped[0].ciphertext) == wrapped[0].length:
        assert command.data.hex() == given["data"]
        assert command.encode().hex() in {step["plain"] for step in vector["steps"]}
    else:
        # A 24-byte key is filled up with 8 arbitrary bytes before encryption: all but the second block of each key agrees.
        assert [key.ciphertext[:16].hex() in given["data"] for key in wrapped] == [True] * 3
        assert len(command.data) == len(given["data"]) // 2
    answer = next(h(step["response_plain"]) for step in vector["steps"] if step["name"].startswith("put_key"))
    check_put_key_answer(answer, version, wrapped)


@pytest.mark.parametrize("vector", OWN["scp03_sessions"], ids=lambda vector: vector["id"])
def test_our_own_sessions(vector: dict[str, Any]) -> None:
    check_session(vector)


def test_every_shared_session(shared_scp03: dict[str, Any]) -> None:
    assert shared_scp03["scp03_sessions"]
    for vector in shared_scp03["scp03_sessions"]:
        check_session(vector)


def test_length_boundaries_of_c_enc(shared_scp03: dict[str, Any]) -> None:
    given = shared_scp03["c_enc_length_boundaries"]
    key = bytes(range(0x40, 0x50))
    keys = StaticCardKeys({(name := KeySet(KeyOrigin.SCHEME, 0x30, bytes(10))): StaticKeys(key, key, key)})
    counter = int(given["sequence_counter"], 16)
    (session,) = keys.session_keys(
        [SessionRequest(name, h(given["host_challenge"]), None, counter, h(given["invoking_aid"]))]
    )
    channel = SecureChannel(session, SecurityLevel(int(given["security_level"], 16)))
    channel.external_authenticate()
    for case in given["cases"]:
        protected = channel.protect(CommandApdu.parse(h(case["plain"])))
        assert protected.command.encode().hex() == case["wrapped"]
        assert protected.mac_chaining_value.hex() == case["mac_chaining_value_after"]
        assert len(protected.command.data) == case["wrapped_lc"]


def test_messaging_under_scp11_keys_is_that_of_scp03(shared_scp03: dict[str, Any]) -> None:
    for vector in shared_scp03["scp11a"]:
        keys = SessionKeys(h(vector["s_enc"]), h(vector["s_mac"]), h(vector["s_rmac"]), bytes(8), bytes(8), bytes(8))
        channel = SecureChannel(keys, SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC, mac_chaining_value=h(vector["receipt"]))
        check_steps(channel, vector["steps"])


def test_published_cmac(shared_scp03: dict[str, Any]) -> None:
    for case in shared_scp03["aes_cmac"]:
        assert cmac(h(case["key"]), h(case["msg"])).hex() == case["tag"]


def test_wycheproof_cmac_by_the_primitive_that_the_channel_uses(shared_cmac: dict[str, Any]) -> None:
    checked = 0
    for group in shared_cmac["testGroups"]:
        if group["keySize"] not in {128, 192, 256}:
            continue
        for case in group["tests"]:
            tag = cmac(h(case["key"]), h(case["msg"]))[: group["tagSize"] // 8].hex()
            assert (tag == case["tag"]) == (case["result"] == "valid"), case["tcId"]
            checked += 1
    assert checked > 250


def test_published_key_derivation(shared_scp03: dict[str, Any]) -> None:
    for case in shared_scp03["scp03_kdf"]:
        text, bits = h(case["input"]), case["output_bits"]
        assert kdf(h(case["key"]), text[11], text[16:], bits).hex() == case["output"], case["what"]


def test_published_key_check_values(shared_scp03: dict[str, Any]) -> None:
    for case in shared_scp03["aes_kcv"]:
        assert kcv(h(case["key"])).hex() == case["kcv_aes_ones"]


def test_published_primitives(shared_scp03: dict[str, Any]) -> None:
    cases = {case["kind"]: case for case in shared_scp03["primitives"]}
    host = cases["host_cryptogram"]
    context = h(host["host_challenge"]) + h(host["card_challenge"])
    assert kdf(h(host["s_mac"]), 0x01, context, 64).hex() == host["expected"]
    command = cases["c_mac"]
    assert (
        cmac(h(command["s_mac"]), h(command["mac_chaining_value"]) + h(command["mac_input_after_mcv"]))[:8].hex()
        == command["expected"]
    )
    answer = cases["r_mac"]
    channel = SecureChannel(
        SessionKeys(bytes(16), bytes(16), h(answer["s_rmac"]), bytes(8), bytes(8), bytes(8)), SecurityLevel.C_MAC_R_MAC
    )
    protected = ResponseApdu(h(answer["response"] + answer["expected"]), int(answer["sw"], 16))
    assert channel.open(protected, h(answer["mac_chaining_value"]), 0).data == h(answer["response"])
