# SPDX-License-Identifier: Apache-2.0
"""The keys that are asked to sign what they must not, and what a forger knows of them."""

import os

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cardservice.clock import monotonic
from cardservice.keys import Purpose
from hsm.in_process import InProcessKeys
from tests.hsm.documents import NOW
from tests.hsm.running import SetClock

ISSUED = int(NOW.timestamp())
KEYS = InProcessKeys.with_new_keys(clock=SetClock(), monotonic=monotonic, randomness=os.urandom)
TOKEN_KID, NEXT_TOKEN_KID = (key.kid for key in KEYS.verifying_keys(Purpose.ELIGIBILITY_TOKEN)[:2])
PROOF_KID = KEYS.signer(Purpose.COVER_PROOF).verifying_key.kid
RECEIPT_KID = KEYS.signer(Purpose.RECEIPT).verifying_key.kid
CA = KEYS.ca_certificate
CA_NAME = x509.load_der_x509_certificate(CA).subject
OWN_POINT = ec.EllipticCurvePublicKey.from_encoded_point(
    ec.SECP256R1(), KEYS.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key.point
)
