# SPDX-License-Identifier: Apache-2.0
"""The situations of what intermediaries tell: a bank above a cooperative, the cooperative's bill, and its agent."""

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from cardservice.collection.cash.agent import set_agent_terms
from cardservice.collection.cash.void import void_receipt
from cardservice.collection.group.bill import draw_group_bill
from cardservice.collection.group.bounce import bounce_sum
from cardservice.collection.group.payer import register_payer
from cardservice.enrolment.intermediary import suspend_intermediary
from cardservice.partnership.intermediary_secret import give_secret
from cardservice.records import members
from cardservice.records.agent_cash import CashAgent
from cardservice.records.group_payers import Mismatch
from cardservice.records.intermediaries import IntermediaryKind
from tests.coverage.rules_2026 import RULES_2026
from tests.enrolment.lines import take_in
from tests.records import rows
from tests.verification.world import NOW, World

if TYPE_CHECKING:
    from tests.api.worked import Scene

BANK, GROUP, AGENT = "BANK-A", "KOP-MELATI", "AGEN-7"
ONE_MONTH = 8_400  # JKK 5,000 and JKM 3,400 at half rate: rows.member() drives, and it is November 2026
PAYMENT = {"group": GROUP, "bill": "2026-11", "reference": "TRF-1", "amount_rupiah": 4 * ONE_MONTH}
RECEIPT = {"agent": AGENT, "member_ref": "P-0051", "amount_rupiah": ONE_MONTH, "reference": "R-1"}


def secret_of(world: World, code: str) -> str:
    """A secret for an intermediary; the one before ends."""
    with world.database.begin() as connection:
        octets = rows.octets(f"secret of {code}", 1, 32)
        return give_secret(connection, code, random_octets=octets, by="ani", at=NOW)


def settle_in(world: World, mismatch: Mismatch = Mismatch.HOLD, most_rupiah: int = 100 * ONE_MONTH) -> None:
    """BANK-A above KOP-MELATI, which has a bill for P-0051 (3 months) and P-0052 (1), above AGEN-7."""
    take_in(world.database, BANK, kind=IntermediaryKind.BANK)
    take_in(world.database, GROUP, under=BANK)
    take_in(world.database, AGENT, under=GROUP, kind=IntermediaryKind.FIELD_AGENT)
    numbers = count(1)
    with world.database.begin() as connection:
        for number in (51, 52):
            members.add(connection, rows.member(number))
        register_payer(connection, GROUP, mismatch, by="ani", at=NOW)
        draw_group_bill(
            connection,
            GROUP,
            b"member,months\nP-0051,3\nP-0052,1\n",
            reference="2026-11",
            by="ani",
            new_id=lambda: rows.identifier("bill", next(numbers)),
            at=NOW,
            rules=RULES_2026,
        )
        set_agent_terms(connection, AGENT, CashAgent("", 750, 9_000, most_rupiah, 3, 3, NOW), by="ani")


def prepared(scene: "Scene") -> None:
    with scene.world.database.read() as connection:
        is_there = members.find_by_ref(connection, "P-0051") is not None
    if not is_there:
        settle_in(scene.world)


def of_bank(scene: "Scene") -> str:
    prepared(scene)
    return secret_of(scene.world, BANK)


def of_agent(scene: "Scene") -> str:
    prepared(scene)
    return secret_of(scene.world, AGENT)


def body_of(operation: str, **changed: Any) -> dict[str, Any]:
    return (PAYMENT if operation == "createGroupPayment" else RECEIPT) | changed


Send = Callable[[str, "Scene", dict[str, Any]], Any]


def provoked(send: Send) -> dict[str, Callable[[str, "Scene"], Any]]:
    """How each problem is brought about; ``send`` sends a body as the operation's own caller."""

    def after(first: dict[str, Any], then: Callable[["Scene"], None] = lambda _: None) -> Callable[[str, "Scene"], Any]:
        """Told once, then something happens, and then it is told again with other content."""

        def bring_about(operation: str, scene: "Scene") -> Any:
            settle_in(scene.world)
            assert send(operation, scene, body_of(operation)).is_success
            then(scene)
            return send(operation, scene, body_of(operation, **first))

        return bring_about

    def told(mismatch: Mismatch = Mismatch.HOLD, most_rupiah: int = 100 * ONE_MONTH, **changed: Any) -> Any:
        def bring_about(operation: str, scene: "Scene") -> Any:
            settle_in(scene.world, mismatch, most_rupiah)
            return send(operation, scene, body_of(operation, **changed))

        return bring_about

    def out_of_scope(operation: str, scene: "Scene") -> Any:
        settle_in(scene.world)
        if operation == "createGroupPayment":  # the group tells of its own money
            secret = secret_of(scene.world, GROUP)
            return scene.service.post("/v1/group-payments", PAYMENT, secret)
        _suspend(scene)
        return send(operation, scene, body_of(operation))

    return {
        "subject-unknown": lambda operation, scene: (
            told(bill="2027-01") if operation == "createGroupPayment" else told(member_ref="P-0099")
        )(operation, scene),
        "collection-out-of-scope": out_of_scope,
        "reference-conflict": after({"amount_rupiah": 2 * ONE_MONTH}),
        "money-bounced": after({}, _bounce),
        "receipt-is-void": after({}, _void),
        "group-sum-mismatch": told(Mismatch.REFUSE, amount_rupiah=ONE_MONTH),
        "payment-amount-refused": told(amount_rupiah=1),
        "agent-stopped": told(most_rupiah=1),
    }


def _suspend(scene: "Scene") -> None:
    with scene.world.database.begin() as connection:
        suspend_intermediary(connection, BANK, by="ani", reason="x", at=NOW)


def _bounce(scene: "Scene") -> None:
    with scene.world.database.begin() as connection:
        bounce_sum(connection, GROUP, "TRF-1", by="ani", reason="returned by the bank", at=NOW, rules=RULES_2026)


def _void(scene: "Scene") -> None:
    with scene.world.database.begin() as connection:
        void_receipt(connection, AGENT, 1, by="ani", reason="wrong member", at=NOW, rules=RULES_2026)
