# SPDX-License-Identifier: Apache-2.0
"""``POST /v1/group-payments``: whoever received a group's transfer tells of it, and its bill is credited to everybody on it."""

from fastapi import APIRouter, Response

from api.collection_models import GroupPaymentRequest, GroupPaymentResponse
from api.documentation import problems_of, worked
from api.errors import SubjectUnknown
from api.intermediary_caller import CallingIntermediary
from api.wiring import Wired
from cardservice.collection.group.pay import Settled, Sum, Waiting, pay_group_bill
from cardservice.collection.on_behalf import demand_may_tell_sum
from cardservice.records.errors import RecordNotFound

router = APIRouter(tags=["collection"])


@router.post(
    "/v1/group-payments",
    operation_id="createGroupPayment",
    summary="Tell of a group's sum",
    response_model=GroupPaymentResponse,
    response_model_exclude_none=True,
    responses=problems_of("createGroupPayment"),
    openapi_extra=worked("createGroupPayment"),
)
def create_group_payment(body: GroupPaymentRequest, caller: CallingIntermediary, wiring: Wired) -> Response:
    """For an intermediary above the group, which received its money: a group does not tell of its own (decision 0167).

    The same request again is answered by how the bill stands, and takes nothing twice; another amount or bill under a reference is
    refused with both shown. After any problem with 5xx, and after an answer that was lost on the way: send the same again.
    """
    now = wiring.clock()
    paid = Sum(body.reference, body.amount_rupiah, body.paid_at)
    try:
        with wiring.store.database.begin() as connection:
            demand_may_tell_sum(connection, caller, body.group)
            outcome = pay_group_bill(
                connection, body.group, body.bill, paid, new_id=wiring.new_id, at=now, rules=wiring.packs.at(now)
            )
    except RecordNotFound as unknown:
        raise SubjectUnknown(record=unknown.evidence["record"]) from None
    answer = _told(body.group, outcome)
    return Response(answer.model_dump_json(exclude_none=True), media_type="application/json")


def _told(group: str, outcome: Settled | Waiting) -> GroupPaymentResponse:
    return GroupPaymentResponse(
        group=group,
        bill=outcome.bill.reference,
        bill_rupiah=outcome.bill.rupiah,
        settled_at=outcome.settled_at if isinstance(outcome, Settled) else None,
        missing_rupiah=outcome.missing if isinstance(outcome, Waiting) else 0,
        deposit_rupiah=outcome.deposit,
    )
