# SPDX-License-Identifier: Apache-2.0
"""The table of PIV data objects (SP 800-73 part 1, table 3 and part 2, table 2): tag, container and who may read."""

from dataclasses import dataclass
from enum import Enum

from cardservice.card_edge.piv.key_reference import KeyReference


class ReadAccess(Enum):
    """What reading an object takes. VCI is the virtual contact interface, which our card does not offer."""

    ALWAYS = "always"
    PIN = "PIN"
    VCI = "VCI"
    VCI_AND_PIN = "VCI and PIN"


@dataclass(frozen=True, slots=True)
class PivObject:
    """One row of the table."""

    name: str
    tag: int
    container: int
    contact: ReadAccess
    contactless: ReadAccess


CARD_CAPABILITY_CONTAINER = PivObject("card capability container", 0x5FC107, 0xDB00, ReadAccess.ALWAYS, ReadAccess.VCI)
CHUID = PivObject("card holder unique identifier", 0x5FC102, 0x3000, ReadAccess.ALWAYS, ReadAccess.ALWAYS)
CERTIFICATE_9A = PivObject("certificate 9A", 0x5FC105, 0x0101, ReadAccess.ALWAYS, ReadAccess.VCI)
FINGERPRINTS = PivObject("fingerprints", 0x5FC103, 0x6010, ReadAccess.PIN, ReadAccess.VCI_AND_PIN)
SECURITY_OBJECT = PivObject("security object", 0x5FC106, 0x9000, ReadAccess.ALWAYS, ReadAccess.VCI)
FACIAL_IMAGE = PivObject("facial image", 0x5FC108, 0x6030, ReadAccess.PIN, ReadAccess.VCI_AND_PIN)
CERTIFICATE_9E = PivObject("certificate 9E", 0x5FC101, 0x0500, ReadAccess.ALWAYS, ReadAccess.ALWAYS)
CERTIFICATE_9C = PivObject("certificate 9C", 0x5FC10A, 0x0100, ReadAccess.ALWAYS, ReadAccess.VCI)
CERTIFICATE_9D = PivObject("certificate 9D", 0x5FC10B, 0x0102, ReadAccess.ALWAYS, ReadAccess.VCI)
PRINTED_INFORMATION = PivObject("printed information", 0x5FC109, 0x3001, ReadAccess.PIN, ReadAccess.VCI_AND_PIN)
DISCOVERY = PivObject("discovery object", 0x7E, 0x6050, ReadAccess.ALWAYS, ReadAccess.ALWAYS)
KEY_HISTORY = PivObject("key history", 0x5FC10C, 0x6060, ReadAccess.ALWAYS, ReadAccess.VCI)
IRIS = PivObject("iris images", 0x5FC121, 0x1015, ReadAccess.PIN, ReadAccess.VCI_AND_PIN)
BIOMETRIC_GROUP = PivObject(
    "biometric information templates group", 0x7F61, 0x1016, ReadAccess.ALWAYS, ReadAccess.ALWAYS
)
SM_SIGNER_CERTIFICATE = PivObject(
    "secure messaging certificate signer", 0x5FC122, 0x1017, ReadAccess.ALWAYS, ReadAccess.ALWAYS
)
PAIRING_CODE = PivObject("pairing code", 0x5FC123, 0x1018, ReadAccess.PIN, ReadAccess.VCI_AND_PIN)
RETIRED_CERTIFICATES = tuple(
    PivObject(
        f"retired certificate {0x82 + slot:02X}", 0x5FC10D + slot, 0x1001 + slot, ReadAccess.ALWAYS, ReadAccess.VCI
    )
    for slot in range(20)
)

OBJECTS = {
    row.tag: row
    for row in (
        CARD_CAPABILITY_CONTAINER,
        CHUID,
        CERTIFICATE_9A,
        FINGERPRINTS,
        SECURITY_OBJECT,
        FACIAL_IMAGE,
        CERTIFICATE_9E,
        CERTIFICATE_9C,
        CERTIFICATE_9D,
        PRINTED_INFORMATION,
        DISCOVERY,
        KEY_HISTORY,
        IRIS,
        BIOMETRIC_GROUP,
        SM_SIGNER_CERTIFICATE,
        PAIRING_CODE,
        *RETIRED_CERTIFICATES,
    )
}

CERTIFICATE_OF = {
    KeyReference.AUTHENTICATION: CERTIFICATE_9A,
    KeyReference.SIGNATURE: CERTIFICATE_9C,
    KeyReference.KEY_MANAGEMENT: CERTIFICATE_9D,
    KeyReference.CARD_AUTHENTICATION: CERTIFICATE_9E,
}

# These stand in commands and answers under their own tag, not inside 53 (part 2, 3.1.2 and 3.3.2).
SELF_TAGGED = frozenset({DISCOVERY.tag, BIOMETRIC_GROUP.tag})
