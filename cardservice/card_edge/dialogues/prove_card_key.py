# SPDX-License-Identifier: Apache-2.0
"""The card authentication key at work (FIPS 201-3, 6.2.3.2, PKI-CAK): its certificate and a signature over a fresh challenge. One yield, no PIN."""

from dataclasses import dataclass
from hashlib import sha256

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.piv.certificate import parse_certificate_object
from cardservice.card_edge.piv.general_authenticate import DYNAMIC_AUTHENTICATION_TEMPLATE, RESPONSE, sign
from cardservice.card_edge.piv.get_data import get_data, parse_get_data
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.piv.object import CERTIFICATE_9E
from cardservice.card_edge.piv.select import select_piv
from cardservice.card_edge.tlv import find


@dataclass(frozen=True, slots=True)
class CardKeyProof:
    """What a card gave, not checked yet: the certificate (DER) of its key 9E, and that key's DER signature over the challenge."""

    certificate: bytes
    signature: bytes


def prove_card_key(challenge: bytes) -> Dialogue[CardKeyProof]:
    """Ask for both. ``challenge`` is fresh and the verifier's own. Raises MalformedTlv, UnexpectedResponse, UnexpectedStatusWord."""
    batch = Batch()
    batch.add("SELECT PIV", select_piv())
    certificate = batch.add("GET DATA certificate 9E", get_data(CERTIFICATE_9E.tag))
    signature = batch.add("sign with 9E", sign(KeyReference.CARD_AUTHENTICATION, sha256(challenge).digest()))
    yield from batch.flush("prove the card's key")
    return CardKeyProof(
        parse_certificate_object(parse_get_data(CERTIFICATE_9E.tag, certificate.data)),
        find(signature.data, DYNAMIC_AUTHENTICATION_TEMPLATE, RESPONSE),
    )
