# SPDX-License-Identifier: Apache-2.0
"""The transient memory of a card: what power loss clears (ISO/IEC 7816-4 security status; GP 6.3 card sessions)."""

from dataclasses import dataclass, field

from applets.virtual.chip import ISD_AID
from applets.virtual.scp03.secure_channel import ChannelKeys, SecureChannel


@dataclass(frozen=True, slots=True)
class Handshake:
    """Between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE."""

    holder: bytes
    key_version_number: int
    keys: ChannelKeys = field(repr=False)
    host_cryptogram: bytes = field(repr=False)


@dataclass(slots=True)
class Loading:
    """Between INSTALL [for load] and the last LOAD block (GP 9.3.5)."""

    load_file: bytes
    digest: bytes
    domain: bytes
    next_block: int = 0
    received: bytes = b""


@dataclass(slots=True)
class Storing:
    """STORE DATA blocks on their way (GP 11.11): whom they are for, and what came so far."""

    target: bytes | None = None
    next_block: int = 0
    received: bytes = b""


@dataclass(slots=True)
class Transient:
    """Security status false until proven; nothing in here outlives a reset."""

    selected: bytes = ISD_AID
    handshake: Handshake | None = None
    channel: SecureChannel | None = None
    aborted: bool = False
    pin_verified: bool = False
    pin_fresh: bool = False  # verified by the command right before (9C)
    chain: tuple[int, int, int, int] | None = None
    chained: bytes = b""
    segments: tuple[tuple[int, int, int, int], bytes] | None = None  # of a long DELETE, INSTALL or PUT KEY
    rest: bytes = b""  # for GET RESPONSE
    rest_sw: int = 0x9000
    loading: Loading | None = None
    storing: Storing = field(default_factory=Storing)
    listing: tuple[tuple[int, int, bytes], tuple[bytes, ...]] | None = (
        None  # GET STATUS: its question, entries still to be told
    )

    def end_channel(self) -> None:
        """Forget the secure channel and all that hung on it (Amendment D, 5.6)."""
        self.handshake = None
        self.channel = None
        self.aborted = False
        self._forget_work()

    def abort_channel(self) -> None:
        """After a wrong MAC or a plain command: nothing but a new INITIALIZE UPDATE or SELECT leads on."""
        self.handshake = None
        self.channel = None
        self.aborted = True
        self._forget_work()

    def drop_chain(self) -> None:
        """Forget the frames of an unfinished chain."""
        self.chain = None
        self.chained = b""

    def _forget_work(self) -> None:
        self.drop_chain()
        self.segments = None
        self.loading = None
        self.storing = Storing()
        self.listing = None
