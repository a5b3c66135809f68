# SPDX-License-Identifier: Apache-2.0
"""Published timings of real chips, in milliseconds, each with its source. Data, no code: ``chip_model.py`` computes with it.

Source of all operations: crocs-muni/jcalgtest_results @76b01cf, javacard/Profiles/performance/fixed, averages derived again with the median
baseline (the published means of some files are wrong, even negative). ECDSA there hashes 256 bytes with SHA-1, whose time is given beside it.
"""

from dataclasses import dataclass

BLOCK_OF_MEASUREMENT = 256  # bytes that the hash, AES and NVM rows are for


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip over contacts; milliseconds. ``apdu`` is the operating system's least time for one APDU."""

    name: str
    apdu: float
    generate_p256: float
    ecdsa_with_sha1: float  # over 256 bytes
    sha1: float  # of 256 bytes
    ecdh: float
    aes_cbc: float  # 256 bytes, key and cipher ready
    aes_init: float
    aes_set_key: float
    nvm: float  # 256 bytes written


# NXP_JCOP4_J3R180_SECID_P71 (2021, T=1).
P71 = Chip("P71 (J3R180)", 2.0, 26.1, 32.0, 5.3, 20.1, 1.9, 6.1, 3.2, 2.8)
# NXP JCOP3 J3H145.
P60 = Chip("P60 (J3H145)", 3.0, 152.0, 56.3, 7.9, 55.1, 9.0, 13.7, 7.9, 1.5)
# Infineon SECORA ID X, over contacts.
SECORA_ID_X = Chip("SECORA ID X", 3.0, 94.5, 53.1, 11.3, 39.7, 6.7, 19.9, 32.9, 0.3)
CHIPS = (P71, P60, SECORA_ID_X)

# SHA-256 beside SHA-1 in the same P71 file: 7.92 ms and 5.34 ms for 256 bytes. The other files have no better figure.
SHA256_PER_SHA1 = 7.92 / 5.34
# From contacts to RF power: 1.4 times slower (the SECORA family was measured both ways; signing).
RF_SLOWDOWN = 1.4

# The applet's own share of an APDU, pessimistic: 49 ms were logged for one 255-byte chained APDU on JCOP3, about 26 of it T=1 link and the
# rest some 20 with its AES (makinako/OpenFIPS201, issue 34).
APPLET_APDU = 15.0

# A read of 1 kB from a DESFire card with frames of 64 bytes, activation included, by kbit/s.
# gorferay.com/the-use-of-higher-data-rates-in-applications (NXP)
READ_1_KB = {106: 130.0, 212: 80.0, 424: 52.0, 848: 43.0}

# Two answers of a JCOP4 (ATR 3BDC18FF..., T=1 at TA1 = 18, i = 70, AES-128) as the host saw them; martinpaljak/GlobalPlatformPro, issue 255.
JCOP4_EXTERNAL_AUTHENTICATE = 20.0  # 21 bytes out, 2 in
JCOP4_GET_STATUS_UNDER_C_MAC = 23.0  # 16 bytes out, 42 in
