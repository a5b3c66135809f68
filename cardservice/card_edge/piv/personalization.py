# SPDX-License-Identifier: Apache-2.0
"""What PIV takes by STORE DATA through its security domain (docs/card-edge.md, "Personalization through the domain")."""

from collections.abc import Sequence

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.piv.generate import CONTROL_TEMPLATE, PUBLIC_KEY_TEMPLATE, parse_public_key
from cardservice.card_edge.piv.key_reference import Algorithm, KeyReference
from cardservice.card_edge.piv.object import OBJECTS, ReadAccess
from cardservice.card_edge.tlv import Tlv, parse_all

KEYS_PER_BLOCK = 2  # so many public keys and a MAC fit one short answer


def generate_element(key: KeyReference) -> bytes:
    """``AC 06 80 01 11 83 01 key``: GENERATE of one slot; the answer is ``7F49 { 86 point }``."""
    return Tlv(CONTROL_TEMPLATE, Tlv(0x80, bytes([Algorithm.ECC_P256])) + Tlv(0x83, bytes([key])))


def object_element(tag: int, content: bytes) -> bytes:
    """An object under its own tag, as PUT DATA would write it."""
    return Tlv(tag, content)


def told_to_anybody(tag: int) -> bool:
    """Whether the card tells this object to whoever asks over contacts, so that a channel need not hide it."""
    return tag in OBJECTS and OBJECTS[tag].contact is ReadAccess.ALWAYS


def parse_public_keys(keys: Sequence[KeyReference], data: bytes) -> dict[KeyReference, bytes]:
    """The points of the keys asked for, in their order. Raises UnexpectedResponse, MalformedTlv."""
    elements = parse_all(data)
    if [element.tag for element in elements] != [PUBLIC_KEY_TEMPLATE] * len(keys):
        raise UnexpectedResponse(step="GENERATE", rule="one public key for each key asked for")
    return {key: parse_public_key(element) for key, element in zip(keys, elements, strict=True)}
