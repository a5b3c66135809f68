# SPDX-License-Identifier: Apache-2.0
"""What PIV takes by STORE DATA through its security domain (docs/card-edge.md, "Personalization through the domain")."""

from applets.virtual.generate_template import CONTROL_REFERENCE, demand_named_p256
from applets.virtual.piv.generate import make_key_pair
from applets.virtual.piv.objects import RULES, Read, store_object
from applets.virtual.runtime import Runtime
from cardservice.card_edge.tlv import Tlv


def take(runtime: Runtime, aid: bytes, element: Tlv) -> bytes:
    """GENERATE (``AC``), answered by the public key, or an object under its own tag. 6982 for a secret object in a channel that does not encrypt."""
    if element.tag == CONTROL_REFERENCE:
        return make_key_pair(runtime, aid, demand_named_p256(element))
    if RULES.get(element.tag) is Read.PIN:
        runtime.demand_encryption()
    store_object(runtime, aid, element.tag, element.value)
    return b""
