# SPDX-License-Identifier: Apache-2.0
"""What we sign: eligibility token, cover proof, card certificates, JWKS. Pure, given a signer."""
