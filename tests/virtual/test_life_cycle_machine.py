# SPDX-License-Identifier: Apache-2.0
"""The life of a card and the rules of its secure channel, as a state machine beside a model of a few lines."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from applets.virtual.card import VirtualCard
from applets.virtual.chip import PIV_MODULE, CardState, StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.factory import blank_chip, transport_key_set
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.apdu import CommandApdu
from tests.virtual.conftest import MASTER, counting_entropy, no_delay
from tests.virtual.host import PIV_AID, Host, key_set, put_key_data

NONE, OPEN, ABORTED = "none", "open", "aborted"
FORWARD = {
    CardState.OP_READY: {CardState.INITIALIZED, CardState.TERMINATED},
    CardState.INITIALIZED: {CardState.SECURED, CardState.TERMINATED},
    CardState.SECURED: {CardState.CARD_LOCKED, CardState.TERMINATED},
    CardState.CARD_LOCKED: {CardState.SECURED, CardState.TERMINATED},
    CardState.TERMINATED: set(),
}
CARD_DATA = CommandApdu(0x80, 0xCA, 0x00, 0x66, b"", 256)


class LifeOfACard(RuleBasedStateMachine):
    """What the model says, the card does; after each step its memory is what the model holds."""

    @initialize()
    def make(self) -> None:
        image = blank_chip(entropy=counting_entropy(), transport_master=MASTER)
        self.host = Host(VirtualCard(image, entropy=counting_entropy(), delay=no_delay))
        self.state = CardState.OP_READY
        self.channel = NONE
        self.keys: list[StaticKeySet] = [transport_key_set(MASTER, image.chip.kdd)]
        self.installed = False
        self.failures = 0

    def alive(self) -> bool:
        return self.state is not CardState.TERMINATED

    def expect(self, sw: int, expected: int) -> None:
        wanted = expected if self.alive() else 0x6985
        assert sw == wanted, f"{sw:04X}, the model says {wanted:04X}"

    def refused(self) -> int | None:
        """The status of a command that the channel, or the lack of one, stops."""
        if not self.alive() or self.channel is OPEN:
            return None
        return 0x6982

    def protect(self, command: CommandApdu) -> int:
        """Send under the channel, or plain where there is none: what a host would do."""
        if self.host.channel is not None and self.channel is OPEN and self.alive():
            protected = self.host.channel.protect(command)
            return protected.open(self.host.exchange(protected.command)).sw
        return self.host.exchange(command).sw

    @rule()
    def select(self) -> None:
        sw = self.host.exchange(CommandApdu(0x00, 0xA4, 0x04, 0x00, b"", 256)).sw
        self.expect(sw, 0x6283 if self.state is CardState.CARD_LOCKED else 0x9000)
        self.channel = NONE

    @rule()
    def select_unknown(self) -> None:
        self.expect(self.host.exchange(CommandApdu(0x00, 0xA4, 0x04, 0x00, bytes.fromhex("A000000647"))).sw, 0x6A82)

    @rule()
    def reset(self) -> None:
        self.host.card.reset()
        self.channel = NONE

    @rule(which=st.integers(0, 2))
    def open(self, which: int) -> None:
        keys = self.keys[which % len(self.keys)]
        sw = self.host.open(keys).sw
        self.expect(sw, 0x9000)
        if self.alive():
            self.channel = OPEN
            self.failures = 0

    @rule()
    def guess(self) -> None:
        keys = self.keys[-1]
        first = self.host.exchange(CommandApdu(0x80, 0x50, keys.key_version_number, 0x00, bytes(8), 256)).sw
        self.expect(first, 0x9000)
        self.expect(self.host.exchange(CommandApdu(0x84, 0x82, 0x33, 0x00, bytes(16))).sw, 0x6300)
        self.channel = NONE

    @rule()
    def read_under_the_channel(self) -> None:
        sw = self.protect(CARD_DATA)
        self.expect(sw, 0x6982 if self.channel is ABORTED else 0x9000)

    @rule()
    def speak_plainly(self) -> None:
        sw = self.host.exchange(CARD_DATA).sw
        self.expect(sw, 0x9000 if self.channel is NONE else 0x6982)
        if self.channel is OPEN:
            self.channel = ABORTED

    @precondition(lambda self: self.channel is OPEN and self.alive())
    @rule(bit=st.integers(0, 63))
    def tamper(self, bit: int) -> None:
        assert self.host.channel is not None
        sent = self.host.channel.protect(CARD_DATA).command
        data = (int.from_bytes(sent.data, "big") ^ 1 << bit).to_bytes(len(sent.data), "big")
        self.expect(self.host.exchange(sent.with_data(data)).sw, 0x6982)
        self.channel = ABORTED

    @rule(state=st.sampled_from(list(CardState)), often=st.integers(0, 9))
    def set_status(self, state: CardState, often: int) -> None:
        if state is CardState.TERMINATED and often:
            return  # else most lives would be short
        sw = self.protect(CommandApdu(0x80, 0xF0, 0x80, state))
        refused = self.refused()
        allowed = state in FORWARD[self.state]
        self.expect(sw, refused or (0x9000 if allowed else 0x6985))
        if refused is None and allowed:
            self.state = state

    @rule()
    def install(self) -> None:
        fields = (bytes.fromhex("F04B4A53524900"), PIV_MODULE, PIV_AID, b"\x00", b"\xc9\x00", b"")
        data = b"".join(bytes([len(each)]) + each for each in fields)
        sw = self.protect(CommandApdu(0x80, 0xE6, 0x0C, 0x00, data, 256))
        refused = self.stopped()
        self.expect(sw, refused or (0x6985 if self.installed else 0x9000))
        if refused is None and self.alive():
            self.installed = True

    @rule(version=st.sampled_from((0x30, 0x31)), torn=st.booleans())
    def add_keys(self, version: int, torn: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
        new = key_set(version, seed=version)
        dek = next(iter(self.dek_in_use()), self.keys[0].dek)
        command = CommandApdu(0x80, 0xD8, 0x00, 0x81, put_key_data(new, dek), 256)
        known = version in {each.key_version_number for each in self.keys}
        refused = self.stopped()
        if torn and refused is None and not known and self.alive():
            self.host.card.image.arm(Tear(TearMode.WRITE, 1))
            try:
                self.protect(command)
            except CardTorn:
                self.host.card.reset()
                self.channel = NONE
                return
            raise AssertionError("the write was not torn")
        self.expect(self.protect(command), refused or (0x6A80 if known else 0x9000))
        if refused is None and not known and self.alive():
            self.keys.append(new)

    @rule(which=st.integers(0, 2))
    def delete_keys(self, which: int) -> None:
        keys = self.keys[which % len(self.keys)]
        data = bytes([0xD2, 0x01, keys.key_version_number])
        refused = self.stopped()
        last = len(self.keys) == 1
        self.expect(
            self.protect(CommandApdu(0x80, 0xE4, 0x00, 0x00, data, 256)), refused or (0x6985 if last else 0x9000)
        )
        if refused is None and not last and self.alive():
            self.keys.remove(keys)

    def stopped(self) -> int | None:
        """As ``refused``; a locked card adds that its content is not managed."""
        if self.channel is ABORTED or not self.alive():
            return self.refused()
        if self.state is CardState.CARD_LOCKED:
            return 0x6985
        return self.refused()

    def dek_in_use(self) -> list[bytes]:
        channel = self.host.card._runtime.transient.channel
        return [] if channel is None else [channel.dek]

    @invariant()
    def the_card_is_what_the_model_says(self) -> None:
        if not hasattr(self, "host"):
            return
        chip = self.host.card.image.chip
        assert chip.life_cycle == self.state
        assert {each.key_version_number for each in chip.key_sets} == {each.key_version_number for each in self.keys}
        assert (chip.application(PIV_AID) is not None) == self.installed

    @invariant()
    def somebody_can_always_open_it(self) -> None:
        if hasattr(self, "host"):
            assert self.host.card.image.chip.key_sets


LifeOfACard.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLifeOfACard = LifeOfACard.TestCase
