# SPDX-License-Identifier: Apache-2.0
"""``kartu agent``: cash is taken, its receipt signed and checked, and handed over."""

import pytest

from cardservice import clock
from cardservice.coverage.civil_time import month_at
from cardservice.credentials import jwks
from cardservice.keys import Purpose
from hsm.client.key_process import KeyProcess
from reader_tools.desk.withdrawals_seen import WithdrawalsSeen
from tests.hsm.documents import NOW
from tests.reader_tools.cli.desk import Desk
from tests.reader_tools.desk.test_withdrawals_seen import OURS, a_list, audit_key

CODE = "AGEN-7"


@pytest.fixture
def agent(desk: Desk) -> Desk:
    told = ("--name", "Agen Tujuh", "--kind", "field-agent", "--collect", "--by", "ani")
    desk.json("intermediary", "add", CODE, *told)
    assert desk.json("agent", "terms", CODE, "--by", "ani")["rate_bp"] == 750
    return desk


def test_cash_from_the_member_to_the_agency(agent: Desk) -> None:
    """P-0063 never paid: the least that is taken is a month."""
    told = ("--member", "P-0063", "--reference", "R-1")
    refused = agent.json("agent", "take", CODE, *told, "--rupiah", "1", code=1)["error"]
    assert refused["code"] == "payment-amount-refused"
    month = str(refused["evidence"]["least"])
    taken = agent.json("agent", "take", CODE, *told, "--rupiah", month)
    assert taken["number"] == 1
    assert agent.json("agent", "take", CODE, *told, "--rupiah", month) == taken
    assert agent.json("agent", "held", CODE)["held"] == int(month)
    assert month in agent("agent", "held", CODE).out
    assert agent.refused("agent", "remit", CODE, "--rupiah", "99999999", "--reference", "S", code=1) == (
        "remittance-too-high"
    )
    assert agent.json("agent", "remit", CODE, "--rupiah", month, "--reference", "S")["settled"] == [1]
    assert agent.json("agent", "watch") == {"stopped": []}
    assert agent.json("agent", "resume", CODE, "--by", "ani", "--reason", "x")["stopped_for"] is None

    why = ("--by", "ani", "--reason", "wrong member")
    gone = agent.json("agent", "void", CODE, "--number", "1", *why)
    assert (gone["owed_to_agent"], gone["again"]) == (int(month), False)
    assert agent.json("agent", "held", CODE)["owed_to_agent"] == int(month)
    assert month in agent("agent", "held", CODE).out.replace(",", "")
    assert "AGEN-7 1" in agent("agent", "void", CODE, "--number", "1", *why).out
    assert agent.refused("agent", "take", CODE, *told, "--rupiah", month, code=1) == "receipt-is-void"
    back = agent.json("agent", "bounce", CODE, "--reference", "S", *why)
    assert (back["held"], back["stopped_for"], back["again"]) == (0, None, False)
    this_month = str(month_at(clock.now()))
    (row,) = agent.json("report", "agents", "--from", this_month, "--to", this_month)["rows"]
    assert (row["receipts"], row["void_receipts"], row["agent_commission"], row["remitted"], row["bounced"]) == (
        1,
        1,
        0,
        int(month),
        int(month),
    )


def test_a_signed_receipt_is_checked_with_published_keys(agent: Desk, keys: KeyProcess) -> None:
    told = ("--member", "P-0063", "--reference", "R-1")
    least = agent.json("agent", "take", CODE, *told, "--rupiah", "1", code=1)["error"]["evidence"]["least"]
    agent.json("agent", "take", CODE, *told, "--rupiah", str(least))
    made = agent.json("agent", "receipt", CODE, "--number", "1")
    assert agent.json("agent", "receipt", CODE, "--number", "1") == made
    path, key_file = agent.folder / "receipt.jws", agent.folder / "receipt-keys.json"
    path.write_text(agent("agent", "receipt", CODE, "--number", "1").out)
    assert path.read_text().strip() == made["document"]
    key_file.write_bytes(jwks.encode(keys.verifying_keys(Purpose.RECEIPT)))
    checked = agent.json("agent", "check-receipt", path, "--keys", key_file)
    assert (checked["genuine"], checked["kind"], checked["member"], checked["rupiah"]) == (
        True,
        "receipt",
        "P-0063",
        least,
    )
    assert f"{CODE} 1, P-0063" in agent("agent", "check-receipt", path, "--keys", key_file).out
    path.write_text(made["document"][:-4] + "AAAA")
    assert agent.json("agent", "check-receipt", path, "--keys", key_file, code=1)["genuine"] is False
    agent("agent", "check-receipt", path, "--keys", key_file)
    assert agent.refused("agent", "receipt", CODE, "--number", "9", code=1) == "record-not-found"
    assert agent.refused("agent", "receipt", CODE, "--number", "1", "--void", code=1) == "record-not-found"
    agent.json("agent", "void", CODE, "--number", "1", "--by", "ani", "--reason", "wrong member")
    path.write_text(agent.json("agent", "receipt", CODE, "--number", "1", "--void")["document"])
    assert agent.json("agent", "check-receipt", path, "--keys", key_file)["kind"] == "void"
    assert "void" in agent("agent", "check-receipt", path, "--keys", key_file).out
    # A receipt key that the scheme withdrew proves nothing at a desk that was told its name, whatever key set comes; before, it did.
    (kid,) = {key.kid for key in keys.verifying_keys(Purpose.RECEIPT)}
    seen = WithdrawalsSeen(agent.folder / "seen", "http://127.0.0.1:8080")
    seen.take(a_list(1, keys=[kid]), [audit_key(OURS)], now=NOW)
    assert agent.json("agent", "check-receipt", path, "--keys", key_file, code=1) == {
        "genuine": False,
        "doubt": "token-key-unknown",
    }
