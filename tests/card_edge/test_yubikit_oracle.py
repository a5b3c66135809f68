# SPDX-License-Identifier: Apache-2.0
"""yubikit as an independent oracle: its ScpProcessor and ours put the same bytes on the line (AES-128, level 33)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import ChannelOptions, SecureChannel
from cardservice.keys import SessionKeys
from tests.card_edge.scp03.plain_card import PlainCard

yubikit_smartcard = pytest.importorskip("yubikit.core.smartcard", reason="yubikey-manager 5.9.2 is not installed")
yubikit_scp = pytest.importorskip("yubikit.core.smartcard.scp", reason="yubikey-manager 5.9.2 is not installed")

KEYS = SessionKeys(bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48)), bytes(8), bytes(8), bytes(range(8)))
LEVEL = SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC
YUBIKEY = ChannelOptions(encrypt_empty=True)


class Line:
    """Where yubikit's processor sends to: keeps the command and answers through the card side written out from the standard."""

    def __init__(self) -> None:
        self.card = PlainCard(KEYS, LEVEL)
        self.sent: list[tuple[int, int, int, int, bytes]] = []
        self.answers: list[ResponseApdu] = []
        self.reply = b""

    def send_apdu(self, cla: int, ins: int, p1: int, p2: int, data: bytes, le: int) -> tuple[bytes, int]:
        self.sent.append((cla, ins, p1, p2, data))
        extended = len(data) > 255
        assert le in {0, 256}
        self.card.check_mac(CommandApdu(cla, ins, p1, p2, data, None, extended))
        self.card.counter += 1
        answer = self.card.protect(self.reply, 0x9000)
        self.answers.append(answer)
        return answer.data, answer.sw


def yubikit_processor(line: Line) -> object:
    state = yubikit_scp.ScpState(yubikit_scp.SessionKeys(KEYS.s_enc, KEYS.s_mac, KEYS.s_rmac))
    return yubikit_smartcard.ScpProcessor(line, yubikit_smartcard.ShortApduFormatter(), state)


COMMANDS = st.tuples(
    st.sampled_from([0x00, 0x80, 0x84, 0x04]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.one_of(st.binary(max_size=239), st.binary(min_size=256, max_size=700)),
    st.binary(max_size=60),
)


@settings(max_examples=80)
@given(st.lists(COMMANDS, min_size=1, max_size=6))
def test_every_command_is_wrapped_and_every_answer_opened_alike(
    traffic: list[tuple[int, int, int, int, bytes, bytes]],
) -> None:
    line = Line()
    theirs, ours = yubikit_processor(line), SecureChannel(KEYS, LEVEL, options=YUBIKEY)
    for cla, ins, p1, p2, data, reply in traffic:
        line.reply = reply
        opened, _ = theirs.send_apdu(cla, ins, p1, p2, data, 256)  # type: ignore[attr-defined]  # yubikit's class, found at run time
        protected = ours.protect(CommandApdu(cla, ins, p1, p2, data, 256))
        command = protected.command
        assert (command.cla, command.ins, command.p1, command.p2, command.data) == line.sent[-1]
        assert protected.open(line.answers[-1]).data == opened == reply


def test_external_authenticate_is_maced_alike() -> None:
    line = Line()
    yubikit_processor(line).send_apdu(0x84, 0x82, 0x33, 0, KEYS.host_cryptogram, 0, encrypt=False)  # type: ignore[attr-defined]  # as above
    command = SecureChannel(KEYS, LEVEL).external_authenticate()
    assert (command.cla, command.ins, command.p1, command.p2, command.data) == line.sent[-1]


def test_sabotage_without_its_quirk_an_empty_command_differs() -> None:
    line = Line()
    yubikit_processor(line).send_apdu(0x80, 0xCA, 0, 0xE0, b"", 0)  # type: ignore[attr-defined]  # as above
    assert (
        SecureChannel(KEYS, LEVEL).protect(CommandApdu(0x80, 0xCA, 0, 0xE0, b"", 256)).command.data != line.sent[-1][4]
    )
