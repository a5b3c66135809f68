# SPDX-License-Identifier: Apache-2.0
"""What a sector without keys takes by STORE DATA through its security domain (docs/card-edge.md, "Personalization through the domain")."""

from collections.abc import Sequence

from cardservice.card_edge.errors import UnexpectedResponse
from cardservice.card_edge.globalplatform.put_key import check_put_key_answer, key_set_data
from cardservice.card_edge.piv.generate import P256_CONTROL, PUBLIC_KEY_TEMPLATE, parse_public_key
from cardservice.card_edge.tlv import Tlv, parse_all
from cardservice.keys import WrappedKey

KEY_SET = 0xD8  # private class, named after the instruction whose data field it holds


def sector_elements(key_version_number: int, keys: Sequence[WrappedKey], *, generate: bool) -> bytes:
    """GENERATE, if asked for, then the sector's first key set, with which it stops listening to the domain."""
    return (P256_CONTROL if generate else b"") + Tlv(KEY_SET, key_set_data(key_version_number, keys))


def parse_sector_answer(
    data: bytes, key_version_number: int, keys: Sequence[WrappedKey], *, generated: bool
) -> bytes | None:
    """The new key's point, None where none was made; the check values compared. Raises UnexpectedResponse, MalformedTlv."""
    elements = parse_all(data)
    if [element.tag for element in elements] != [PUBLIC_KEY_TEMPLATE] * generated + [KEY_SET]:
        raise UnexpectedResponse(step="STORE DATA", rule="an answer to each element of a sector, in order")
    check_put_key_answer(elements[-1].value, key_version_number, keys)
    return parse_public_key(elements[0]) if generated else None
