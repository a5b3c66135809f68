# SPDX-License-Identifier: Apache-2.0
"""Privileges of applications (GlobalPlatform 6.6.1, tables 11-7 to 11-9)."""

from enum import IntFlag
from typing import Self

from cardservice.card_edge.errors import UnexpectedResponse


class Privileges(IntFlag):
    """The three privilege bytes as one number, byte 1 first."""

    NONE = 0
    SECURITY_DOMAIN = 0x80_00_00
    DAP_VERIFICATION = 0xC0_00_00
    DELEGATED_MANAGEMENT = 0xA0_00_00
    CARD_LOCK = 0x10_00_00
    CARD_TERMINATE = 0x08_00_00
    CARD_RESET = 0x04_00_00
    CVM_MANAGEMENT = 0x02_00_00
    MANDATED_DAP_VERIFICATION = 0xC1_00_00
    TRUSTED_PATH = 0x00_80_00
    AUTHORIZED_MANAGEMENT = 0x00_40_00
    TOKEN_MANAGEMENT = 0x00_20_00
    GLOBAL_DELETE = 0x00_10_00
    GLOBAL_LOCK = 0x00_08_00
    GLOBAL_REGISTRY = 0x00_04_00
    FINAL_APPLICATION = 0x00_02_00
    GLOBAL_SERVICE = 0x00_01_00
    RECEIPT_GENERATION = 0x00_00_80
    CIPHERED_LOAD_FILE = 0x00_00_40
    CONTACTLESS_ACTIVATION = 0x00_00_20
    CONTACTLESS_SELF_ACTIVATION = 0x00_00_10

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one byte (before 2.2) or three. Raises UnexpectedResponse."""
        if len(data) not in {1, 3}:
            raise UnexpectedResponse(step="privileges", rule="1 or 3 bytes")
        return cls(int.from_bytes(data.ljust(3, b"\x00"), "big"))

    def encode(self) -> bytes:
        """Three bytes."""
        return int(self).to_bytes(3, "big")
