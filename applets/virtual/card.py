# SPDX-License-Identifier: Apache-2.0
"""The software card: power, selection, secure messaging and the way of one APDU through it (ISO/IEC 7816-4; GP 2.3.1, 6.3 and 11)."""

import secrets
import time
from collections.abc import Callable

from applets.virtual.chip import PIV_MODULE, CardState
from applets.virtual.code import process
from applets.virtual.errors import CardTorn, CardUnpowered, Refused
from applets.virtual.frame import Frame
from applets.virtual.image import Image
from applets.virtual.runtime import Entropy, Interface, Runtime
from applets.virtual.scp03.handshake import external_authenticate, initialize_update
from applets.virtual.selection import default_application, select
from applets.virtual.tear import Tear, TearMode
from applets.virtual.transient import Transient
from applets.virtual.transport import RESPONSE_PART, collect, get_response, join, segment
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

ATR = {
    Interface.CONTACT: bytes.fromhex("3B9B968131FE4580F9A00000030800001000C4"),
    Interface.CONTACTLESS: bytes.fromhex("3B8B800180F9A00000030800001000C8"),
}
SELECT = 0xA4
GET_RESPONSE = 0xC0
INITIALIZE_UPDATE = 0x50
EXTERNAL_AUTHENTICATE = 0x82
GENERAL_AUTHENTICATE = 0x87
_BY_NAME = 0x04
# GP table 11-1, final application: what a CARD_LOCKED card still does, so that its issuer can unlock or terminate it.
_WHEN_LOCKED = frozenset({0xCA, 0xF0})


class VirtualCard:
    """A card in a reader. ``transmit`` takes one command APDU and returns one response APDU; it starts powered."""

    def __init__(
        self,
        image: Image,
        *,
        interface: Interface | str = Interface.CONTACT,
        entropy: Entropy = secrets.token_bytes,
        delay: Callable[[float], None] = time.sleep,
        tear: Tear | None = None,
    ) -> None:
        self._runtime = Runtime(image, Interface(interface), entropy, delay)
        self._powered = True
        if tear is not None:
            image.arm(tear)
        self._clear()

    @property
    def atr(self) -> bytes:
        """The answer to reset of the interface (docs/card-edge.md, "PIV")."""
        return ATR[self._runtime.interface]

    @property
    def interface(self) -> Interface:
        """How the card is reached."""
        return self._runtime.interface

    @property
    def image(self) -> Image:
        """The card's persistent memory."""
        return self._runtime.image

    def reset(self) -> bytes:
        """Power on, or reset: transient memory is cleared, the default application selected. Returns the ATR."""
        self._powered = True
        self.image.refresh()
        self._clear()
        return self.atr

    def power_off(self) -> None:
        """Take the power away."""
        self._powered = False
        self._clear()

    def transmit(self, command: bytes) -> bytes:
        """One exchange. Raises CardTorn where a drill takes the card away (reset it to put it back), CardUnpowered without power."""
        if not self._powered:
            raise CardUnpowered
        with self.image.held():
            self.image.refresh()
            try:
                return self._transmit(bytes(command))
            except CardTorn:
                self.power_off()
                raise

    def _transmit(self, command: bytes) -> bytes:
        torn = self.image.count_apdu()
        if torn is TearMode.BEFORE:
            raise CardTorn(mode=torn.value)
        response = self._answer(command)
        if torn is TearMode.AFTER:
            raise CardTorn(mode=torn.value)
        return response.encode()

    def _clear(self) -> None:
        self._runtime.transient = Transient(selected=default_application(self._runtime.chip))

    def _answer(self, command: bytes) -> ResponseApdu:
        try:
            frame = Frame.parse(command)
            self._demand_alive()
            if frame.ins == GET_RESPONSE and not frame.secure:
                return get_response(self._runtime.transient, frame)
            self._runtime.transient.rest = b""
            response = self._execute(frame)
        except Refused as refused:
            return ResponseApdu(b"", refused.sw)
        return segment(self._runtime.transient, response, RESPONSE_PART if not frame.extended else None)

    def _execute(self, frame: Frame) -> ResponseApdu:
        runtime, transient = self._runtime, self._runtime.transient
        if frame.ins == SELECT and frame.cla == 0x00 and frame.p1 == _BY_NAME:
            return select(runtime, frame)
        if frame.ins == INITIALIZE_UPDATE and frame.cla == 0x80:
            self._demand_reachable()
            return initialize_update(runtime, frame)
        if transient.aborted:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if frame.ins == EXTERNAL_AUTHENTICATE and frame.cla == 0x84 and transient.channel is None:
            self._demand_reachable()
            return external_authenticate(runtime, frame)
        if transient.channel is None and frame.secure:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._demand_open_to_the_air()
        if transient.channel is None or (not transient.channel.level and not frame.secure):
            return self._process(frame)
        return self._process_protected(frame)

    def _process_protected(self, frame: Frame) -> ResponseApdu:
        """Amendment D, 5.6: whatever is not rightly protected ends the channel for good."""
        transient = self._runtime.transient
        channel = transient.channel
        assert channel is not None
        whole = join(transient, frame) if frame.secure else frame
        if whole is None:
            return ResponseApdu(b"", StatusWord.SUCCESS)
        try:
            plain = channel.unwrap(whole)
        except Refused:
            transient.abort_channel()
            raise
        try:
            response = self._process(whole.with_data(plain))
        except Refused as refused:
            response = ResponseApdu(b"", refused.sw)
        return channel.protect(response)

    def _process(self, frame: Frame) -> ResponseApdu:
        runtime, transient = self._runtime, self._runtime.transient
        command = collect(transient, frame)
        if command is None:
            return ResponseApdu(b"", StatusWord.SUCCESS)
        if runtime.chip.life_cycle == CardState.CARD_LOCKED and command.ins not in _WHEN_LOCKED:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        if command.ins != GENERAL_AUTHENTICATE:
            transient.pin_fresh = False
        return process(runtime, command)

    def _demand_alive(self) -> None:
        """A TERMINATED card does nothing any more (GP 5.1.1.5)."""
        if self._runtime.chip.life_cycle == CardState.TERMINATED:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)

    def _demand_open_to_the_air(self) -> None:
        """Over the air the ISD answers SELECT and nothing else: CPLC and KDD would name the card to every passer-by (decision 0090)."""
        if self._runtime.contactless and self._runtime.application is None:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)

    def _demand_reachable(self) -> None:
        """PIV is managed over contacts only (docs/card-edge.md, "PIV": contactless is SELECT, discovery and sector commands)."""
        self._demand_open_to_the_air()
        application = self._runtime.application
        if application is not None and application.locked:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        if self._runtime.contactless and application is not None and application.module == PIV_MODULE:
            raise Refused(StatusWord.FUNCTION_NOT_SUPPORTED)
