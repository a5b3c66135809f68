# SPDX-License-Identifier: Apache-2.0
"""Groups' sums and agents' cash over HTTP: who may tell what, and what is told again, on both databases."""

from typing import Any

import httpx
import pytest

from cardservice.partnership.intermediary_secret import revoke_secret
from cardservice.records.intermediaries import IntermediaryKind
from tests.api.served import Service, code_of
from tests.api.worked_collection import AGENT, BANK, GROUP, ONE_MONTH, PAYMENT, RECEIPT, secret_of, settle_in
from tests.collection.till import table_sizes
from tests.enrolment.lines import take_in
from tests.verification.world import NOW, World


@pytest.fixture
def service(either_world: World) -> Service:
    settle_in(either_world)
    return Service(either_world)


def pay(service: Service, secret: str | None, **changed: Any) -> httpx.Response:
    return service.post("/v1/group-payments", PAYMENT | changed, secret)


def take(service: Service, secret: str | None, **changed: Any) -> httpx.Response:
    return service.post("/v1/cash-receipts", RECEIPT | changed, secret)


def test_a_bank_tells_of_its_cooperatives_transfer_and_everybody_is_credited(service: Service) -> None:
    bank = secret_of(service.world, BANK)
    assert pay(service, bank, amount_rupiah=10_000).json()["missing_rupiah"] == 4 * ONE_MONTH - 10_000
    settled = pay(service, bank, amount_rupiah=4 * ONE_MONTH - 10_000, reference="TRF-2")
    assert (settled.status_code, settled.json()["missing_rupiah"]) == (200, 0)
    assert settled.json()["settled_at"] == "2026-11-23T08:00:00Z"
    again = pay(service, bank, amount_rupiah=4 * ONE_MONTH - 10_000, reference="TRF-2")
    assert again.content == settled.content
    assert table_sizes(service.world.database)["payments"] == 2


def test_a_group_tells_of_no_money_of_its_own(service: Service) -> None:
    """Else it would make cover out of nothing."""
    sizes = table_sizes(service.world.database)
    group = secret_of(service.world, GROUP)
    refused = pay(service, group)
    assert (code_of(refused), refused.json()["ground"]) == ("collection-out-of-scope", "OWN_MONEY")
    sizes["intermediary_secrets"] += 1
    sizes["audit_events"] += 1
    assert table_sizes(service.world.database) == sizes


def test_an_agent_and_whoever_is_above_it_take_cash(service: Service) -> None:
    agent = secret_of(service.world, AGENT)
    first = take(service, agent)
    assert (first.status_code, first.json()["number"]) == (201, 1)
    assert take(service, agent).content == first.content
    assert take(service, secret_of(service.world, GROUP)).content == first.content  # its agency's server
    assert code_of(take(service, agent, amount_rupiah=2 * ONE_MONTH)) == "reference-conflict"


def test_who_is_beside_or_below_learns_nothing(service: Service) -> None:
    """The same answer as for somebody who does not exist."""
    take_in(service.world.database, "KOP-LAIN", kind=IntermediaryKind.COOPERATIVE)
    sizes = table_sizes(service.world.database)
    stranger, agent = secret_of(service.world, "KOP-LAIN"), secret_of(service.world, AGENT)
    answers = [
        pay(service, stranger),
        pay(service, stranger, group="TIDAK-ADA"),
        pay(service, agent),
        take(service, stranger),
        take(service, stranger, agent="TIDAK-ADA"),
    ]
    assert {(code_of(answer), answer.json()["record"]) for answer in answers} == {("subject-unknown", "intermediary")}
    assert table_sizes(service.world.database)["payments"] == sizes["payments"] == 0


def test_secrets_that_ended_were_never_there_or_are_anothers_look_alike(service: Service) -> None:
    before = secret_of(service.world, BANK)
    with service.world.database.begin() as connection:
        revoke_secret(connection, BANK, by="ani", at=NOW)
    secrets = [None, before, "kpi_" + "A" * 43, "kpi_x", service.world.register(1)]
    answers = [tell(service, secret) for secret in secrets for tell in (pay, take)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_an_intermediarys_secret_opens_no_verifications(service: Service) -> None:
    asked = {"terminal_id": "loket-3", "purpose": "treatment", "programme": "JKK"}
    assert code_of(service.post("/v1/challenges", asked, secret_of(service.world, BANK))) == "caller-unknown"


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_rupiah": 0},
        {"amount_rupiah": -1},
        {"amount_rupiah": 10**15},
        {"amount_rupiah": 1.0},
        {"amount_rupiah": "33600"},
        {"amount_rupiah": True},
        {"reference": ""},
        {"reference": "x" * 65},
        {"reference": "a b"},
        {"reference": None},
        {"nik": "3171011708450001"},
    ],
)
def test_what_is_not_documented_is_refused_and_leaves_nothing(service: Service, changed: dict[str, Any]) -> None:
    bank, agent = secret_of(service.world, BANK), secret_of(service.world, AGENT)
    sizes = table_sizes(service.world.database)
    for answer in (pay(service, bank, **changed), take(service, agent, **changed)):
        assert code_of(answer) in {"request-invalid", "request-malformed"}
        assert "3171011708450001" not in answer.text
    assert table_sizes(service.world.database) == sizes


def test_problems_are_told_in_both_languages(service: Service) -> None:
    agent = secret_of(service.world, AGENT)
    titles = {
        service.post("/v1/cash-receipts", RECEIPT | {"amount_rupiah": 1}, agent, {"Accept-Language": language}).json()[
            "title"
        ]
        for language in ("id", "en")
    }
    assert len(titles) == 2


def test_sabotage_where_nobody_asks_who_is_above_strangers_take_cash(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: the question whom an intermediary may act for is left out. Only it stands between a stranger and an agent's books."""
    take_in(service.world.database, "KOP-LAIN", kind=IntermediaryKind.COOPERATIVE)
    stranger = secret_of(service.world, "KOP-LAIN")
    assert take(service, stranger).status_code == 404
    monkeypatch.setattr("api.cash_receipts.demand_may_act_for", lambda *_: None)
    assert take(service, stranger).status_code == 201
