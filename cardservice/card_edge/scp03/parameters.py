# SPDX-License-Identifier: Apache-2.0
"""The two bytes that shape a secure channel: the i parameter (Amendment D, table 5-1) and the security level (table 7-3)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cardservice.card_edge.errors import CardUnusable

S16_MODE = 0x01
PSEUDO_RANDOM = 0x10
R_MAC = 0x20
R_ENC = 0x40
KNOWN_BITS = S16_MODE | PSEUDO_RANDOM | R_MAC | R_ENC

LEVEL_C_MAC = 0x01
LEVEL_C_ENC = 0x02
LEVEL_R_MAC = 0x10
LEVEL_R_ENC = 0x20


class SecurityLevel(IntEnum):
    """P1 of EXTERNAL AUTHENTICATE: what every later command and response carries. No other combination exists."""

    AUTHENTICATED = 0x00
    C_MAC = 0x01
    C_MAC_C_ENC = 0x03
    C_MAC_R_MAC = 0x11
    C_MAC_C_ENC_R_MAC = 0x13
    C_MAC_C_ENC_R_MAC_R_ENC = 0x33

    @classmethod
    def parse(cls, level: int) -> Self:
        """Read P1. Raises CardUnusable for a combination that Amendment D does not define."""
        if level not in cls._value2member_map_:
            raise CardUnusable(rule=f"security level {level:02X} does not exist")
        return cls(level)

    @property
    def c_mac(self) -> bool:
        """Whether commands carry a MAC."""
        return bool(self & LEVEL_C_MAC)

    @property
    def c_enc(self) -> bool:
        """Whether command data is encrypted."""
        return bool(self & LEVEL_C_ENC)

    @property
    def r_mac(self) -> bool:
        """Whether responses carry a MAC."""
        return bool(self & LEVEL_R_MAC)

    @property
    def r_enc(self) -> bool:
        """Whether response data is encrypted."""
        return bool(self & LEVEL_R_ENC)


@dataclass(frozen=True, slots=True)
class ScpParameter:
    """The i parameter as a value: what a card's SCP03 offers."""

    pseudo_random: bool
    r_mac: bool
    r_enc: bool
    s16: bool = False

    @classmethod
    def parse(cls, i: int) -> Self:
        """Read the byte. Raises CardUnusable for reserved bits and for R-ENC without R-MAC, which is not defined."""
        if i & ~KNOWN_BITS:
            raise CardUnusable(rule=f"i parameter {i:02X} has reserved bits")
        if i & R_ENC and not i & R_MAC:
            raise CardUnusable(rule=f"i parameter {i:02X} offers R-ENC without R-MAC")
        return cls(bool(i & PSEUDO_RANDOM), bool(i & R_MAC), bool(i & R_ENC), bool(i & S16_MODE))

    def __int__(self) -> int:
        return PSEUDO_RANDOM * self.pseudo_random | R_MAC * self.r_mac | R_ENC * self.r_enc | S16_MODE * self.s16

    @property
    def challenge_length(self) -> int:
        """Bytes of a challenge, of a cryptogram and of a MAC on the line: 8, in S16 mode 16."""
        return 16 if self.s16 else 8

    def require(self, level: SecurityLevel) -> SecurityLevel:
        """The level, if the card offers it. Raises CardUnusable where it asks for more than i says."""
        if level.r_mac and not self.r_mac:
            raise CardUnusable(rule=f"level {level:02X} asks for R-MAC, i = {int(self):02X} does not offer it")
        if level.r_enc and not self.r_enc:
            raise CardUnusable(rule=f"level {level:02X} asks for R-ENC, i = {int(self):02X} does not offer it")
        return level
