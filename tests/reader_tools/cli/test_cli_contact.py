# SPDX-License-Identifier: Apache-2.0
"""Whatever a card comes to a counter for, it leaves with cover proofs that say what the books say; and nothing that goes wrong in that fails the contact."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest

from applets.virtual.tear import Tear, TearMode
from cardservice import clock
from cardservice.card_edge.dialogues import refresh_proofs
from cardservice.card_edge.sector.cover_proof import put_cover_proof
from cardservice.credentials import jwks
from cardservice.credentials.errors import CredentialError
from cardservice.keys import Purpose
from hsm.client.key_process import KeyProcess
from reader_tools.cli import contact
from reader_tools.cli.contact import Renewal, Renewed, renew_proofs
from reader_tools.cli.settings import Settings
from reader_tools.mockbank.bank_client import PAYMENT, BankClient, BankIdentity
from reader_tools.reader import open_card
from reader_tools.virtual.slot import Slot
from tests.collection.till import bank_key, public_pem
from tests.hsm.running import short_folder
from tests.reader_tools.cli.desk import Desk, KeyDesk, own_environment
from tests.reader_tools.cli.member_who_pays import SECTORS, covered_off_line, pay, stated
from tests.reader_tools.command_line import ROOT

TEN_MONTHS = 284_000  # rupiah: JKK 5,000 and JKM 3,400 at half rate, JHT 20,000
ALL = dict.fromkeys(("01", "10", "70"), "paid-through")


@dataclass(frozen=True)
class Served:
    """A counter with the service beside it, and a bank that pays over SNAP."""

    desk: Desk
    bank: BankClient


@pytest.fixture
def served(desk: Desk, key_desk: KeyDesk) -> Iterator[Served]:
    desk.json("verifier", "add", "Loket", "--kind", "clinic", "--secret-file", desk.folder / "verifier-secret")
    (desk.folder / "bank.pem").write_bytes(public_pem(bank_key()))
    agreed = ("--name", "B", "--public-key", desk.folder / "bank.pem", "--service-id", "88899")
    added = desk.json("collection", "bank", "add", "BCA", *agreed)
    process = subprocess.Popen(
        [sys.executable, "-m", "reader_tools", "serve", "--listen", "127.0.0.1:0"],
        cwd=ROOT,
        env=own_environment(desk.folder, KARTU_HSM_SOCKET=str(key_desk.socket)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    url = next(line.split()[1] for line in process.stdout if line.startswith("listening "))
    desk.set("KARTU_API_URL", url)
    try:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:

            def send(path: str, headers: object, body: bytes) -> tuple[int, bytes]:
                answer = http.post(path, headers=headers, content=body)  # type: ignore[arg-type] # a mapping of strings
                return answer.status_code, answer.content

            identity = BankIdentity("BCA", added["client_id"], added["secret"], bank_key(), "88899")
            yield Served(desk, BankClient(identity, send, clock.now, (str(each) for each in count(1)).__next__))
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_paid_at_the_bank_verified_at_the_counter_covered_off_line(served: Served, keys: KeyProcess) -> None:
    desk, bank = served.desk, served.bank
    desk.issued_card()
    number = desk.json("collection", "number", "assign", "P-0001")["number"]
    first = desk.json("card", "verify")
    assert (first["outcome"], first["cover_proofs"]["renewal"]) == ("COVERED", "good")
    assert not covered_off_line(desk, keys)

    assert bank.call(PAYMENT, bank.payment(number, "inq-1", TEN_MONTHS)).code == "2002500"
    assert not covered_off_line(desk, keys)  # no counter has seen the card yet
    assert desk.json("card", "verify")["cover_proofs"] == {"renewal": "renewed", "written": ALL, "trouble": None}
    assert covered_off_line(desk, keys)
    assert desk.json("card", "verify")["cover_proofs"]["written"] == {}


def test_a_clinic_without_books_renews_its_own_sector_through_the_service(served: Served, keys: KeyProcess) -> None:
    desk = served.desk
    _, serial = desk.issued_card()
    pay(desk, serial)
    before = stated(desk, keys)
    desk.set("KARTU_DATABASE_URL", f"sqlite:///{desk.folder / 'none.db'}")
    desk.set("KARTU_HSM_SOCKET", desk.folder / "nobody")
    assert desk.json("card", "verify", "--no-renew")["cover_proofs"]["renewal"] == "not-wanted"
    shown = desk("card", "verify").out
    assert "New cover proof, sector 01\n" in shown
    assert covered_off_line(desk, keys)
    now = stated(desk, keys)
    assert (now[0x10], now[0x70]) == (before[0x10], before[0x70])
    assert desk.json("card", "verify")["cover_proofs"]["renewal"] == "no-books"  # and the service has nothing to renew


@pytest.fixture
def caching(desk: Desk, keys: KeyProcess) -> Desk:
    """A counter that was on line once: it has the public keys that ``verify --offline`` needs."""
    folder = desk.folder / "keys"
    folder.mkdir()
    (folder / "cover-proof-keys.json").write_bytes(jwks.encode(keys.verifying_keys(Purpose.COVER_PROOF)))
    return desk


CONTACTS = {"off line": ("card", "verify", "--offline"), "look": ("card", "info")}


@pytest.mark.parametrize("contact_of", CONTACTS.values(), ids=CONTACTS)
def test_every_contact_renews_and_only_when_something_changed(
    caching: Desk, keys: KeyProcess, contact_of: tuple[str, ...]
) -> None:
    desk = caching
    _, serial = desk.issued_card()
    before = stated(desk, keys)
    assert desk.json(*contact_of)["cover_proofs"] == {"renewal": "good", "written": {}, "trouble": None}
    assert "proof, sector" not in desk(*contact_of).out
    pay(desk, serial)
    assert desk.json(*contact_of, "--no-renew")["cover_proofs"]["renewal"] == "not-wanted"
    assert stated(desk, keys) == before
    shown = desk(*contact_of).out
    assert shown.count("New cover proof, sector") == 3
    assert shown.count("payments changed") == 3
    assert covered_off_line(desk, keys)
    assert desk.json(*contact_of)["cover_proofs"]["renewal"] == "good"


def test_in_indonesian_too(caching: Desk) -> None:
    _, serial = caching.issued_card()
    pay(caching, serial)
    caching.set("KARTU_LANGUAGE", "id")
    assert "Bukti kepesertaan baru, sektor 01: pembayaran berubah" in caching("card", "verify", "--offline").out
    caching.set("KARTU_HSM_SOCKET", caching.folder / "nobody")
    assert "belum diperbarui; dicoba lagi pada kontak berikutnya (hsm-down)" in caching("card", "info").out


def test_a_card_that_is_finished_later_has_what_was_paid_meanwhile(desk: Desk, keys: KeyProcess) -> None:
    serial, order_id = desk.blank_card(), desk.approved_order()
    desk.json("card", "virtual", "tear", "--before", "60")  # certificates and proofs are signed, and not all written
    desk.json("card", "personalize", order_id, "--pin-file", desk.pin_file(), code=3)
    pay(desk, serial)
    made = desk.json("card", "resume", order_id, "--pin-file", desk.pin_file())
    assert made["cover_proofs"] == {"renewal": "renewed", "written": ALL, "trouble": None}
    assert covered_off_line(desk, keys)


def test_a_look_at_the_certificate_renews_too(desk: Desk, keys: KeyProcess, key_desk: KeyDesk, tmp_path: Path) -> None:
    _, serial = desk.issued_card()
    desk.set("KARTU_DATA_DIR", key_desk.folder)
    desk.json("keys", "publish", tmp_path / "web")
    desk.set("KARTU_DATA_DIR", desk.folder)
    pay(desk, serial)
    told = desk.json("card", "certificate", tmp_path / "web")
    assert (told["genuine"], told["cover_proofs"]["written"]) == (True, ALL)
    assert covered_off_line(desk, keys)


def test_with_the_keys_down_the_contact_is_what_it_was(caching: Desk, keys: KeyProcess, key_desk: KeyDesk) -> None:
    desk = caching
    _, serial = desk.issued_card()
    before = stated(desk, keys)
    pay(desk, serial)
    desk.set("KARTU_HSM_SOCKET", desk.folder / "nobody")
    told = desk.json("card", "verify", "--offline")
    assert told["outcome"] == "COVERED"
    assert told["cover_proofs"] == {"renewal": "left", "written": {}, "trouble": "hsm-down"}
    assert "not renewed; the next contact tries again (hsm-down)" in desk("card", "info").out
    assert stated(desk, keys) == before
    desk.set("KARTU_HSM_SOCKET", key_desk.socket)
    assert desk.json("card", "verify", "--offline")["cover_proofs"]["written"] == ALL


def test_keys_that_say_nothing_are_not_waited_for_and_the_card_is_asked_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.issued_card()
    monkeypatch.setattr(contact, "KEY_PATIENCE", 0.05)
    with socket.socket(socket.AF_UNIX) as mute, short_folder() as folder:
        mute.bind(str(folder / "s"))
        mute.listen()
        desk.set("KARTU_HSM_SOCKET", folder / "s")
        untouched = UntouchedCard()
        assert renew_proofs(untouched, Settings.load()) == Renewed(Renewal.LEFT, trouble="hsm-down")
    assert untouched.asked == 0


@dataclass
class UntouchedCard:
    """A card that counts what it is asked."""

    asked: int = 0

    def transmit(self, _: bytes) -> bytes:
        self.asked += 1
        return b"\x6f\x00"


def test_a_desk_without_books_writes_nothing_and_says_nothing(caching: Desk, keys: KeyProcess) -> None:
    desk = caching
    _, serial = desk.issued_card()
    pay(desk, serial)
    before = stated(desk, keys)
    desk.set("KARTU_DATABASE_URL", f"sqlite:///{desk.folder / 'none.db'}")
    assert desk.json("card", "verify", "--offline")["cover_proofs"]["renewal"] == "no-books"
    assert "renewed" not in desk("card", "verify", "--offline").out
    assert stated(desk, keys) == before
    desk.set("KARTU_DATABASE_URL", "mysql://nobody")
    assert desk.json("card", "verify", "--offline")["cover_proofs"]["trouble"] == "database-unsupported"


def test_a_card_that_is_out_of_use_is_told_and_not_written(caching: Desk) -> None:
    _, serial = caching.issued_card()
    caching.json("card", "void", serial, "--by", "ani", "--reason", "lost")
    told = caching.json("card", "verify", "--offline")
    assert (told["cover_proofs"]["renewal"], told["cover_proofs"]["trouble"]) == ("left", "card-not-live")
    assert caching.json("card", "info")["cover_proofs"]["renewal"] == "no-card"


def torn_everywhere(desk: Desk, keys: KeyProcess, mode: TearMode) -> int:
    """One contact after another, each torn one APDU later, until one is not; how many were. After each the card is asked off line."""
    old, torn = stated(desk, keys), 0
    while True:
        Slot.of(desk.folder).arm(Tear(mode, torn + 1))
        with open_card("virtual", desk.folder) as card:
            renewed = renew_proofs(card, Settings.load())
        Slot.of(desk.folder).arm(None)
        now = stated(desk, keys)
        assert all(now[sector] == old[sector] or now[sector][1] > old[sector][1] for sector in SECTORS)
        if renewed.trouble is None:
            assert all(now[sector][1] > old[sector][1] for sector in SECTORS)
            return torn
        assert (renewed.renewal, renewed.trouble) == (Renewal.LEFT, "card-removed")
        torn += 1


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_torn_at_any_apdu_of_the_renewal_the_contact_ends_well_with_old_or_new_proofs(
    desk: Desk, keys: KeyProcess, mode: TearMode
) -> None:
    _, serial = desk.issued_card()
    pay(desk, serial)
    assert torn_everywhere(desk, keys, mode) > 10


def test_a_proof_that_is_emptied_before_it_is_written_would_be_seen(
    desk: Desk, keys: KeyProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control: two writes instead of one leave a moment without any proof."""
    _, serial = desk.issued_card()
    pay(desk, serial)
    monkeypatch.setattr(refresh_proofs, "put_cover_proof", lambda _: put_cover_proof(b""))
    with pytest.raises(CredentialError):
        torn_everywhere(desk, keys, TearMode.BEFORE)


def test_a_contact_that_does_not_renew_would_be_seen(
    caching: Desk, keys: KeyProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control: the answer looks the same, and off line the card still knows nothing of the payment."""
    _, serial = caching.issued_card()
    pay(caching, serial)
    monkeypatch.setattr(contact, "renew_proofs", lambda *_: Renewed(Renewal.GOOD))
    assert caching.json("card", "verify", "--offline")["outcome"] == "COVERED"
    assert not covered_off_line(caching, keys)


def test_no_command_opens_a_card_past_the_contact() -> None:
    """Those that do have no live card to renew, or say why."""
    opening = {
        file.name for file in Path(contact.__file__).parent.glob("*.py") if "open_card(" in file.read_text("utf-8")
    }
    assert opening == {
        "contact.py",
        "card_refresh.py",  # is the renewal, and fails where it can't be done
        "reader.py",  # tests a reader: one question to whatever lies in it
        "stock.py",  # takes in blank cards
    }
