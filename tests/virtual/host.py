# SPDX-License-Identifier: Apache-2.0
"""A small host for tests of the card: session keys by the library's own KBKDF, secure messaging by cardservice's host side."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from applets.virtual.card import VirtualCard
from applets.virtual.chip import ISD_AID, LOAD_FILE_AID, PIV_MODULE, SECTOR_MODULE, StaticKeySet
from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.chaining import chained
from cardservice.card_edge.dialogue import exchange
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.keys import SessionKeys

PIV_AID = bytes.fromhex("A000000308000010000100")
PIN = b"123456\xff\xff"
PUK = b"87654321"
FULL = 0x33


def sector_aid(number: int) -> bytes:
    return SECTOR_MODULE + bytes([number])


def kdf(key: bytes, constant: int, context: bytes, length: int) -> bytes:
    """Amendment D, 4.1.5, by cryptography's SP 800-108: label(12) | 00 | L | [i] | context."""
    label = bytes(11) + bytes([constant, 0]) + (8 * length).to_bytes(2, "big")
    return KBKDFCMAC(
        algorithm=AES,
        mode=Mode.CounterMode,
        length=length,
        rlen=1,
        llen=None,
        location=CounterLocation.MiddleFixed,
        break_location=len(label),
        label=None,
        context=None,
        fixed=label + context,
    ).derive(key)


def session_keys(keys: StaticKeySet, host_challenge: bytes, card_challenge: bytes) -> SessionKeys:
    context, size = host_challenge + card_challenge, len(host_challenge)
    s_mac = kdf(keys.mac, 0x06, context, len(keys.mac))
    return SessionKeys(
        s_enc=kdf(keys.enc, 0x04, context, len(keys.enc)),
        s_mac=s_mac,
        s_rmac=kdf(keys.mac, 0x07, context, len(keys.mac)),
        card_challenge=card_challenge,
        card_cryptogram=kdf(s_mac, 0x00, context, size),
        host_cryptogram=kdf(s_mac, 0x01, context, size),
    )


def key_set(version: int, length: int = 32, *, seed: int = 0) -> StaticKeySet:
    enc, mac, dek = (bytes((seed + 64 * n + i) & 0xFF for i in range(length)) for n in range(3))
    return StaticKeySet(version, enc, mac, dek)


def kcv(key: bytes) -> bytes:
    return Cipher(AES(key), ECB()).encryptor().update(b"\x01" * 16)[:3]  # noqa: S305 - one block, as a KCV is


def put_key_data(new: StaticKeySet, dek: bytes, *, padding: bytes = bytes(8)) -> bytes:
    """``KVN | 88 len | true length | cipher | 03 KCV`` three times, as Amendment D wants it."""
    encoded = bytes([new.key_version_number])
    for key in (new.enc, new.mac, new.dek):
        padded = key + (padding if len(key) == 24 else b"")
        cipher = Cipher(AES(dek), CBC(bytes(16))).encryptor().update(padded)
        encoded += bytes([0x88, len(cipher) + 1, len(key)]) + cipher + b"\x03" + kcv(key)
    return encoded


@dataclass
class Host:
    """Talks to one card. Inside a secure channel every command is protected."""

    card: VirtualCard
    channel: SecureChannel | None = None
    challenges: int = field(default=0)

    def exchange(self, command: CommandApdu) -> ResponseApdu:
        """As it is, without the channel."""
        return exchange(command, self.card)

    def exchange_raw(self, encoded: bytes) -> ResponseApdu:
        """One exchange of any bytes."""
        return ResponseApdu.parse(self.card.transmit(encoded))

    def plain(self, encoded: str) -> ResponseApdu:
        return self.exchange(CommandApdu.parse(bytes.fromhex(encoded)))

    def plain_raw(self, encoded: str) -> ResponseApdu:
        """One exchange of any bytes, given in hex."""
        return self.exchange_raw(bytes.fromhex(encoded))

    def send(self, cla: int, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = 256) -> ResponseApdu:
        command = CommandApdu(cla, ins, p1, p2, data, le)
        limit = self.channel.max_data if self.channel else 255
        response = ResponseApdu(b"", 0)
        for frame in chained(command, limit):
            if self.channel is None:
                response = self.exchange(frame)
            else:
                protected = self.channel.protect(frame)
                response = protected.open(self.exchange(protected.command))
            if response.sw != 0x9000:
                break
        return response

    def select(self, aid: bytes = b"") -> ResponseApdu:
        response = self.exchange(CommandApdu(0x00, 0xA4, 0x04, 0x00, aid, 256))
        if response.sw != 0x6A82:
            self.channel = None
        return response

    def open(self, keys: StaticKeySet, level: int = FULL, *, size: int = 8, version: int | None = None) -> ResponseApdu:
        """INITIALIZE UPDATE and EXTERNAL AUTHENTICATE; the answer to the latter."""
        self.challenges += 1
        host_challenge = self.challenges.to_bytes(size, "big")
        kvn = keys.key_version_number if version is None else version
        response = self.exchange(CommandApdu(0x80, 0x50, kvn, 0x00, host_challenge, 256))
        if response.sw != 0x9000:
            return response
        session = session_keys(keys, host_challenge, response.data[13 : 13 + size])
        assert response.data[13 + size : 13 + 2 * size] == session.card_cryptogram, "the card holds other keys"
        channel = SecureChannel(session, SecurityLevel.parse(level))
        response = self.exchange(channel.external_authenticate())
        self.channel = channel if response.sw == 0x9000 and level else None
        return response

    def must(self, response: ResponseApdu) -> bytes:
        assert response.sw == 0x9000, f"{response.sw:04X}"
        return response.data

    def install(self, module: bytes, aid: bytes) -> ResponseApdu:
        fields = (LOAD_FILE_AID, module, aid, b"\x00", b"\xc9\x00", b"")
        return self.send(0x80, 0xE6, 0x0C, 0x00, b"".join(bytes([len(each)]) + each for each in fields))

    def add_key_set(self, new: StaticKeySet, *, under: StaticKeySet) -> None:
        """Open a channel of the ISD and add a key set in it."""
        self.select(ISD_AID)
        self.must(self.open(under))
        self.must(self.send(0x80, 0xD8, 0x00, 0x81, put_key_data(new, under.dek)))

    def install_all(self, keys: StaticKeySet, *sectors: int) -> None:
        """PIV and sectors, in a channel of the ISD."""
        self.select(ISD_AID)
        self.must(self.open(keys))
        self.must(self.install(PIV_MODULE, PIV_AID))
        for number in sectors:
            self.must(self.install(SECTOR_MODULE, sector_aid(number)))

    def enter(self, aid: bytes, keys: StaticKeySet, level: int = FULL) -> None:
        """Select an application and open a channel with it."""
        self.must(self.select(aid))
        self.must(self.open(keys, level))

    def set_pin(self, keys: StaticKeySet, pin: bytes = PIN, puk: bytes = PUK) -> None:
        self.enter(PIV_AID, keys)
        self.must(self.send(0x00, 0x24, 0x01, 0x80, pin))
        self.must(self.send(0x00, 0x24, 0x01, 0x81, puk))
        self.must(self.select(PIV_AID))
