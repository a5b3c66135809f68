# SPDX-License-Identifier: Apache-2.0
"""The plan of a handover: who holds the shares of the backup key from now on, and who becomes or stays no officer. TOML, reviewed and confirmed by its hash.

docs/operations/keys.md describes the file; examples/handover.toml is one. Read as strictly as a ceremony's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hsm.custody.plan import MAX_GROUPS, content_of, planned_environment, planned_officer, top_fields
from hsm.custody.plan_fields import PlanFields
from hsm.custody.quorum import groups_of
from hsm.custody.shamir import MAX_SHARES
from hsm.errors import OfficerRefused, PlanRefused
from hsm.limits.officers import PREFIX, refuse_unfit_name
from hsm.process.production import Environment

FORMAT = "kartu-handover/1"


@dataclass(frozen=True, slots=True)
class HandoverPlan:
    """What changes. No custodians: the shares stay as they are. ``digest`` is what people confirm."""

    scheme: str
    environment: Environment
    store: str
    reason: str
    threshold: int
    custodians: Sequence[str]
    witnesses: Sequence[str]
    enrolled: Sequence[tuple[str, bytes]]  # records of officers; one that is there gets a new key
    dismissed: Sequence[str]  # names of records
    digest: str

    @property
    def shares_anew(self) -> bool:
        """Whether the backup key is replaced and shared anew."""
        return bool(self.custodians)


def read_handover(path: Path) -> HandoverPlan:
    """Read and check a plan file. Raises PlanRefused."""
    try:
        return parse_handover(content_of(path))
    except PlanRefused as refused:
        raise PlanRefused(path=str(path), rule=refused.evidence["rule"]) from None


def parse_handover(content: bytes) -> HandoverPlan:
    """The plan in the bytes of a file. Raises PlanRefused."""
    fields, digest = top_fields(content, FORMAT)
    custodians = fields.names("custodians") if fields.has("custodians") else []
    threshold = fields.number("threshold", range(2, MAX_SHARES + 1)) if custodians else 0
    plan = HandoverPlan(
        scheme=fields.text("scheme"),
        environment=planned_environment(fields.text("environment")),
        store=fields.text("store"),
        reason=fields.text("reason"),
        threshold=threshold,
        custodians=custodians,
        witnesses=fields.names("witnesses", least=1),
        enrolled=[planned_officer(table) for table in fields.tables("enrol")],
        dismissed=[_dismissed(table) for table in fields.tables("dismiss")],
        digest=digest,
    )
    fields.end()
    _refuse_unfit(plan)
    return plan


def _refuse_unfit(plan: HandoverPlan) -> None:
    names = [*(name for name, _ in plan.enrolled), *plan.dismissed]
    rules = (
        (bool(plan.custodians or names), "changes custodians or officers"),
        (
            not plan.custodians or plan.threshold <= len(plan.custodians),
            "has at least as many custodians as the threshold",
        ),
        (
            groups_of(plan.threshold, len(plan.custodians)) <= MAX_GROUPS,
            f"has at most {MAX_GROUPS} groups of custodians to be tried",
        ),
        (len(set(names)) == len(names), "names each officer once"),
        (len({point for _, point in plan.enrolled}) == len(plan.enrolled), "gives each officer a key of his own"),
    )
    for holds, rule in rules:
        if not holds:
            raise PlanRefused(rule=rule)


def _dismissed(fields: PlanFields) -> str:
    name = fields.text("name")
    fields.end()
    try:
        refuse_unfit_name(name)
    except OfficerRefused as refused:
        raise PlanRefused(rule=f"dismisses officer {name}: {refused.evidence.get('rule', 'a name')}") from None
    return PREFIX + name
