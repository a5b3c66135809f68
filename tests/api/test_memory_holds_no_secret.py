# SPDX-License-Identifier: Apache-2.0
"""The memory of a running service after a thousand operations: no PIN, no master, no card's static key, no passphrase, no bank's client
secret.

A real ``python -m api`` over a real key process. The operations are challenges and verifications, for that is all the service does; the cards
are personalized, over the same key process, by this one.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import httpx

from cardservice.clock import now
from cardservice.collection.bank_register import BankSettings
from cardservice.keys import Purpose
from cardservice.records.database import open_database
from cardservice.records.verifiers import VerifierKind
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage, diversified_key
from hsm.client.key_process import KeyProcess
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_file import open_sealed
from reader_tools.mockbank.bank_client import INQUIRY, BankClient
from tests.api.served import ASKED, bearer, presented, tap
from tests.api.test_running_service import api_process
from tests.collection.till import give_number, settle
from tests.databases import migrated_sqlite, sqlite_url
from tests.hsm.running import hsm_process, run_hsm, short_folder
from tests.process_memory import found_in
from tests.verification.world import HEALTH, SECTORS, IssuedCard, hand_over, issue_card, take_in

__all__ = ["migrated_sqlite", "sqlite_url"]

OPERATIONS = 1000
INQUIRIES = 100
CARDS = 3
PIN, PUK = b"271828", b"31415926"  # of every card that ``issue_card`` makes


def secrets_of(bundle: KeyBundle, cards: list[IssuedCard]) -> dict[str, bytes]:
    """Masters and all other keys, and the static keys of each card, of the domain and of each sector. Transport keys everybody knows."""
    planted = {
        f"{key.description.purpose} {key.description.sector}": key.secret
        for key in bundle.keys
        if key.description.purpose is not Purpose.TRANSPORT
    }
    masters = {
        key.description.sector: (key.description, key.secret)
        for key in bundle.keys
        if key.description.purpose in {Purpose.CARD_MASTER, Purpose.SECTOR_MASTER}
    }
    for card in cards:
        for sector in (0, *SECTORS):
            about, master = masters[sector]
            for usage in KeyUsage:
                how = Diversification(
                    DiversificationScheme.KJS_DIV_1, usage, about.version, sector, card.chip.kdd, about.derived_length
                )
                planted[f"card {card.number} sector {sector} {usage}"] = diversified_key(master, how)
    return planted


def test_a_thousand_operations_leave_no_secret_in_the_service(sqlite_url: str) -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder())
        assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
        passphrase = (folder / "pass").read_bytes().strip()
        bundle = KeyBundle.decode(open_sealed(folder / "keys", passphrase))
        stack.enter_context(hsm_process(folder))
        with KeyProcess(folder / "run" / "s") as keys:
            cards = [issue_card(keys, number, at=now().replace(microsecond=0)) for number in range(1, CARDS + 1)]
        database = open_database(sqlite_url)
        for card in cards:
            hand_over(database, card)
        clinic = take_in(database, 1, VerifierKind.HEALTH_FACILITY, HEALTH)
        database.close()
        process, address = stack.enter_context(api_process(folder, sqlite_url))
        client = stack.enter_context(httpx.Client(base_url=address, timeout=10, trust_env=False))
        inserted = [card.insert() for card in cards]
        for number in range(OPERATIONS // 2):
            asked = client.post("/v1/challenges", json=ASKED, headers=bearer(clinic))
            body = presented(asked.json(), tap(inserted[number % CARDS], asked.json()))
            assert client.post("/v1/verifications", json=body, headers=bearer(clinic)).status_code == 200
        planted = secrets_of(bundle, cards) | {"passphrase": passphrase, "PIN": PIN, "PUK": PUK}
        planted["client secret"] = asked_as_a_bank(sqlite_url, folder, address)
        assert found_in(process.pid, planted) == set()
        # The control: what the service does hold is found by the same search.
        marker = {"issuer": b"https://kartu.example", "its own bearer": clinic.encode()}
        assert "issuer" in found_in(process.pid, marker)


def asked_as_a_bank(url: str, folder: Path, address: str) -> bytes:
    """A hundred inquiries that a bank signs with its client secret, which the key process compares; the secret."""
    database = open_database(url)
    with KeyProcess(folder / "run" / "s") as keys:
        identity = settle(database, keys.sealer, BankSettings("88899"))
    number = give_number(database, 900)
    database.close()
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:

        def send(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            answer = http.post(path, headers=dict(headers), content=body)
            return answer.status_code, answer.content

        bank = BankClient(identity, send, now, map(str, count(1)).__next__)
        for _ in range(INQUIRIES):
            assert bank.call(INQUIRY, bank.inquiry(number, "inq-1")).code == "2002400"
        wrong = bank.call(INQUIRY, bank.inquiry(number, "inq-1"), secret="another")
        assert wrong.message == "Unauthorized. [Signature]"
    return identity.secret.encode()


def test_sabotage_a_secret_that_a_process_keeps_is_found() -> None:
    keeps = bytearray(os.urandom(32))
    assert found_in(os.getpid(), {"master": bytes(keeps)}) == {"master"}
