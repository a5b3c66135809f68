# SPDX-License-Identifier: Apache-2.0
"""Key references and algorithm identifiers (SP 800-78, tables 6-1 and 6-2; SP 800-73 part 1, table 4)."""

from enum import IntEnum


class KeyReference(IntEnum):
    """P2 of the commands that use a key or a PIN."""

    GLOBAL_PIN = 0x00
    SECURE_MESSAGING = 0x04
    PIN = 0x80
    PUK = 0x81
    RETIRED_1 = 0x82
    RETIRED_20 = 0x95
    PRIMARY_FINGER = 0x96
    SECONDARY_FINGER = 0x97
    PAIRING_CODE = 0x98
    AUTHENTICATION = 0x9A  # PIN once
    ADMINISTRATION = 0x9B
    SIGNATURE = 0x9C  # PIN before every use
    KEY_MANAGEMENT = 0x9D
    CARD_AUTHENTICATION = 0x9E  # always


class Algorithm(IntEnum):
    """P1 of GENERAL AUTHENTICATE, and tag 80 of GENERATE."""

    TDEA_3 = 0x03
    RSA_3072 = 0x05
    RSA_1024 = 0x06
    RSA_2048 = 0x07
    AES_128 = 0x08
    AES_192 = 0x0A
    AES_256 = 0x0C
    ECC_P256 = 0x11
    ECC_P384 = 0x14
    CIPHER_SUITE_2 = 0x27
    CIPHER_SUITE_7 = 0x2E
