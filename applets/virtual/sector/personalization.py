# SPDX-License-Identifier: Apache-2.0
"""What a sector takes by STORE DATA through its security domain, while it has no keys of its own (docs/card-edge.md)."""

from applets.virtual.errors import Refused
from applets.virtual.generate_template import CONTROL_REFERENCE, demand_p256
from applets.virtual.runtime import Runtime
from applets.virtual.sector.keys import make_key_pair, place_keys
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

KEY_SET = 0xD8  # private class, named after the instruction whose data field it holds


def take(runtime: Runtime, aid: bytes, element: Tlv) -> bytes:
    """GENERATE (``AC``), answered by the public key, or its first key set (``D8``), answered by version and check values.

    6985 for a sector that has keys: from then on only they open it. 6A88 for anything else.
    """
    if runtime.chip.key_sets_of(aid):
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    if element.tag == CONTROL_REFERENCE:
        demand_p256(element)
        return make_key_pair(runtime, aid)
    if element.tag == KEY_SET:
        return bytes(Tlv(KEY_SET, place_keys(runtime, aid, 0x00, element.value, runtime.demand_mac().dek)))
    raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
