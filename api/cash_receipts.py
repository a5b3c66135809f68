# SPDX-License-Identifier: Apache-2.0
"""``POST /v1/cash-receipts``: an agent, or somebody above it, tells of cash that a member handed over, and gets the receipt."""

from fastapi import APIRouter, Response

from api.collection_models import CashReceiptRequest, CashReceiptResponse
from api.documentation import problems_of, worked
from api.errors import SubjectUnknown
from api.intermediary_caller import CallingIntermediary
from api.wiring import Wired
from cardservice.collection.cash.signed import signed_receipt
from cardservice.collection.cash.take import Cash, take_cash
from cardservice.collection.on_behalf import demand_may_act_for
from cardservice.credentials.cash_receipt import ReceiptKind
from cardservice.keys import Purpose
from cardservice.records.errors import RecordNotFound

router = APIRouter(tags=["collection"])


@router.post(
    "/v1/cash-receipts",
    operation_id="createCashReceipt",
    summary="Take a member's cash",
    status_code=201,
    response_model=CashReceiptResponse,
    responses=problems_of("createCashReceipt"),
    openapi_extra=worked("createCashReceipt"),
)
def create_cash_receipt(body: CashReceiptRequest, caller: CallingIntermediary, wiring: Wired) -> Response:
    """The member is covered from the receipt's moment on. The same request again gets the same receipt, byte for byte.

    Where the keys are away the answer is 503, and the receipt stands: the same request again gets it signed. An agent that holds too much or for too long is stopped, and gives no receipts until it remits.
    """
    now = wiring.clock()
    database = wiring.store.database
    cash = Cash(body.reference, body.member_ref, body.amount_rupiah)
    try:
        with database.read() as connection:
            demand_may_act_for(connection, caller, body.agent)
        receipt = take_cash(database, body.agent, cash, new_id=wiring.new_id, at=now, rules=wiring.packs.at(now))
        document = signed_receipt(
            database,
            lambda: wiring.keys.signer(Purpose.RECEIPT),
            body.agent,
            receipt.number,
            ReceiptKind.RECEIPT,
            issuer=wiring.settings.issuer,
            at=now,
        )
    except RecordNotFound as unknown:
        raise SubjectUnknown(record=unknown.evidence["record"]) from None
    answer = CashReceiptResponse(
        agent=body.agent,
        number=receipt.number,
        member_ref=body.member_ref,
        amount_rupiah=receipt.rupiah,
        taken_at=receipt.taken_at,
        document=document,
    )
    return Response(answer.model_dump_json(), 201, media_type="application/json")
