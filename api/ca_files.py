# SPDX-License-Identifier: Apache-2.0
"""What verifiers of card certificates fetch: the card CA's certificates, the signed list of withdrawals, and the audit keys that sign it (decision 0180)."""

from fastapi import APIRouter, Response

from api.cached_answer import IfNoneMatch, cached_answer
from api.documentation import media_type_of, problems_of, worked
from api.models import KeySet
from api.publication_models import PemCertificates, SignedWithdrawals
from api.published_files import PublishedFile
from api.wiring import Wired

router = APIRouter(tags=["keys"])


@router.get(
    "/.well-known/card-ca.pem",
    operation_id="getCardCaCertificates",
    summary="Certificates of the card CA",
    response_model=PemCertificates,
    responses=problems_of("getCardCaCertificates"),
    openapi_extra=worked("getCardCaCertificates"),
)
async def card_ca_certificates(wiring: Wired, if_none_match: IfNoneMatch = None) -> Response:
    """All that hold, the one in use first (RFC 8555, 9.1: PEM). Which of them are to be believed, the list of withdrawals says."""
    return await _file(wiring, PublishedFile.CA_CERTIFICATES, "getCardCaCertificates", if_none_match)


@router.get(
    "/.well-known/card-ca-withdrawn.json",
    operation_id="getCardCaWithdrawals",
    summary="List of withdrawals",
    response_model=SignedWithdrawals,
    responses=problems_of("getCardCaWithdrawals"),
    openapi_extra=worked("getCardCaWithdrawals"),
)
async def card_ca_withdrawals(wiring: Wired, if_none_match: IfNoneMatch = None) -> Response:
    """Which certificates and keys nobody is to believe, signed. Remember its number, and refuse a lower one; believe none for more than 35 days."""
    return await _file(wiring, PublishedFile.CA_WITHDRAWALS, "getCardCaWithdrawals", if_none_match)


@router.get(
    "/.well-known/audit-keys.json",
    operation_id="getAuditKeys",
    summary="Keys that sign the list of withdrawals",
    response_model=KeySet,
    responses=problems_of("getAuditKeys"),
    openapi_extra=worked("getAuditKeys"),
)
async def audit_keys(wiring: Wired, if_none_match: IfNoneMatch = None) -> Response:
    """After the first time, believe only those that the list before named: a set that comes beside a list proves nothing."""
    return await _file(wiring, PublishedFile.AUDIT_KEYS, "getAuditKeys", if_none_match)


async def _file(wiring: Wired, name: PublishedFile, operation: str, if_none_match: str | None) -> Response:
    return cached_answer(await wiring.published_files.read(name), media_type_of(operation), if_none_match)
