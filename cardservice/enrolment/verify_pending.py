# SPDX-License-Identifier: Apache-2.0
"""``verify_pending``: ask the population registry about everyone whose question is due. Safe to run twice at once, and after a crash.

Each question is claimed (intent), asked, and settled (outcome). The claim runs out by itself; an answer whose claim is gone is dropped.
Without an answer the question waits longer each time.
"""

from collections.abc import Callable
from datetime import timedelta

from cardservice.enrolment.ask_together import ask_together
from cardservice.enrolment.asked_data import asked_person, asked_values
from cardservice.enrolment.population_registry import Person
from cardservice.enrolment.verifying import Verifying, VerifyReport
from cardservice.records import enrolments, members, population_checks

BATCH = 20  # questions claimed at once
LEASE = timedelta(minutes=10)  # longer than a batch takes at the slowest
REASON = "population registry"


def verify_pending(
    verifying: Verifying, *, limit: int | None = None, on_asked: Callable[[int], None] = lambda _: None
) -> VerifyReport:
    """Ask about everyone who is due when it begins, at most ``limit``. ``on_asked`` hears how many were asked so far.

    Raises what keys and database raise; what the registry does wrong is in the report.
    """
    report = VerifyReport()
    began = verifying.now()
    while limit is None or report.asked < limit:
        most = BATCH if limit is None else min(BATCH, limit - report.asked)
        claim_id = verifying.new_id()
        with verifying.database.begin() as connection:
            claimed = population_checks.claim(
                connection, claim_id=claim_id, now=began, until=verifying.now() + LEASE, limit=most
            )
        if not claimed:
            break
        for check in claimed:
            # Opened one by one: at no time are more people's data in memory than are being asked about.
            (answers,) = ask_together(verifying.registry, [_person(verifying, check.member_id)], 1)
            report.take(verifying, claim_id, [(check, answers[0])])
            on_asked(report.asked)
            if report.stopped is not None:
                return report  # the claims on the others run out by themselves
    return report


def _person(verifying: Verifying, member_id: str) -> Person:
    with verifying.database.read() as connection:
        member = members.get(connection, member_id)
        whose = enrolments.of_members(connection, [member_id]).get(member_id)
    opened = {
        context: verifying.sealer.unseal(context, sealed, reason=REASON)
        for context, sealed in asked_values(member).items()
    }
    return asked_person(member_id, opened, whose.region if whose else None)
