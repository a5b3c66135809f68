# SPDX-License-Identifier: Apache-2.0
"""No card for whom the population registry knows otherwise: asked at every step from the order to the live card, in the step's transaction.

The registry may answer at any time. An answer that came after both approvals stops the card where it is, until a person has looked.
"""

from cardservice.enrolment.population_question import identity
from cardservice.enrolment.population_state import Entitlement, NotEntitled
from cardservice.issuance.errors import IdentityMismatch
from cardservice.records.connection import Connection
from cardservice.records.errors import ApproverIsOrderer
from cardservice.records.orders import Order


def demand_identity(connection: Connection, order: Order) -> None:
    """Raises IdentityMismatch; ApproverIsOrderer where the one who ordered the card is the one who answers for its holder."""
    found = identity(connection, order.member_id)
    decision = found.entitled(Entitlement.CARD)
    if isinstance(decision, NotEntitled):
        raise IdentityMismatch(state=decision.standing.value)
    if found.accepted is not None and found.accepted.accepted_by == order.ordered_by:
        raise ApproverIsOrderer(order_id=order.order_id)
