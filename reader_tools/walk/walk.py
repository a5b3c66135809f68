# SPDX-License-Identifier: Apache-2.0
"""The walk itself: eleven steps, each with the outcome it must have."""

import secrets
from datetime import timedelta, timezone
from pathlib import Path

from applets.virtual.tear import Tear, TearMode
from cardservice import clock
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.chip import probe
from cardservice.card_edge.script import Script
from cardservice.coverage.programme import Programme
from cardservice.enrolment.import_members import import_members
from cardservice.enrolment.member_list import read_member_list
from cardservice.issuance.order import approve_order, place_order
from cardservice.issuance.personalization import IssuedCard, Personalization
from cardservice.issuance.stock import count_stock, receive_chips
from cardservice.partnership.register import register
from cardservice.records.orders import Order
from cardservice.records.verifiers import VerifierKind
from cardservice.texts.catalogue import Language, text
from reader_tools.desk.errors import ServiceProblem, ServiceUnreachable
from reader_tools.desk.http_client import Service
from reader_tools.desk.key_cache import KeyCache
from reader_tools.desk.offline import verify_offline
from reader_tools.desk.online import OnlineAnswer, Question, verify_online
from reader_tools.errors import CardError
from reader_tools.walk.errors import StepFailed
from reader_tools.walk.slot import WalkSlot
from reader_tools.walk.stage import Stage
from reader_tools.walk.teller import Teller

JAKARTA = timezone(timedelta(hours=7), "WIB")
CURRENT, LAPSED, TORN = "P-0001", "P-0002", "P-0005"
CLINIC = "Klinik Sehat Bersama"
TERMINAL = "loket-1"
PIN_DIGITS = 6
TORN_AT = 52


class Walk:
    """One walk on one stage."""

    def __init__(self, stage: Stage, slot: WalkSlot, teller: Teller, members: Path) -> None:
        self.stage = stage
        self.slot = slot
        self.teller = teller
        self.members = members
        self.cache = KeyCache(stage.folder / "keys")
        self.secret_file = stage.folder / "verifier-secret"
        self.question = Question(TERMINAL, "treatment", Programme.JKK)

    def go(self) -> None:
        """Every step. Raises StepFailed, or whatever a step raises that it must not."""
        self._keys()
        self._members()
        self._clinic()
        first = self._first_card()
        self._online()
        self._offline()
        self._lapsed()
        self._clone(first)
        self._torn()
        self._stock()

    def _keys(self) -> None:
        with self.teller.step("Proses kunci", "Key process") as told:
            self.stage.start_keys()
            self.stage.open_books()
            kid = self.stage.keys.ping()
            self.teller.good(told, "keys", kid, "kunci pengembangan dibuat", "development keys made")

    def _members(self) -> None:
        with self.teller.step("Impor peserta", "Import members") as told:
            bureau = self.stage.bureau
            today = clock.now().astimezone(JAKARTA).date()
            listed = read_member_list(self.members.read_bytes(), today=today)
            report = import_members(
                bureau.database,
                listed,
                sealer=self.stage.keys.sealer,
                blind_index=self.stage.keys.blind_index,
                new_id=bureau.identifier,
                at=clock.now(),
                rules=self.stage.packs.at(clock.now()),
            )
            self._demand("new members", report.new > 0, "> 0", report.new)
            self.teller.good(told, "new", report.new, f"{report.new} peserta masuk", f"{report.new} members in")
            refused = f"{report.refused} baris ditolak", f"{report.refused} rows refused"
            self.teller.fact(told, "refused", report.refused, *refused)
            for problem in report.problems[:2]:
                words = text(problem.text_code)
                said = [
                    f"{place} {problem.line}, {problem.field}: {words.cause(language, problem.evidence)}"
                    for language, place in ((Language.INDONESIAN, "baris"), (Language.ENGLISH, "line"))
                ]
                self.teller.fact(told, f"line_{problem.line}", problem.text_code, *said)

    def _clinic(self) -> None:
        with self.teller.step("Klinik dan layanan", "Clinic and service") as told:
            with self.stage.bureau.database.begin() as connection:
                registered = register(
                    connection,
                    verifier_id=secrets.token_hex(16),
                    name=CLINIC,
                    kind=VerifierKind.HEALTH_FACILITY,
                    sector=0x01,
                    random_octets=secrets.token_bytes(32),
                    at=clock.now(),
                )
            self.secret_file.touch(mode=0o600)
            self.secret_file.write_text(registered.secret)
            self._start_service()
            self.teller.good(
                told, "service", self.stage.url, f"layanan di {self.stage.url}", f"service at {self.stage.url}"
            )

    def _first_card(self) -> Path:
        order = self._order(CURRENT)
        image = self._blank()
        self._personalize(order, CURRENT)
        return image

    def _order(self, ref: str) -> Order:
        with self.teller.step(f"Pesanan kartu {ref}", f"Card order {ref}") as told:
            bureau = self.stage.bureau
            order = place_order(bureau, member_ref=ref, ordered_by="ani", idempotency_key=f"walk-{ref}")
            approve_order(bureau, order_id=order.order_id, approver="budi")
            order = approve_order(bureau, order_id=order.order_id, approver="citra")
            said = "dipesan ani, disetujui budi dan citra", "ordered by ani, approved by budi and citra"
            self.teller.good(told, "order", order.order_id, *said)
        return order

    def _blank(self) -> Path:
        with self.teller.step("Kartu kosong", "Blank card") as told:
            image = self.slot.blank()
            self.slot.insert(image)
            with self.slot.open() as card:
                chip = run(probe(secrets.token_bytes), card).chip
            receive_chips(self.stage.bureau, location="loket", chip_serials=[chip.chip_serial])
            said = (
                f"chip {chip.chip_serial} di pembaca {self.slot.name}",
                f"chip {chip.chip_serial} in reader {self.slot.name}",
            )
            self.teller.good(told, "chip", chip.chip_serial, *said)
        return image

    def _personalize(self, order: Order, ref: str) -> IssuedCard:
        with self.teller.step(f"Personalisasi {ref}", f"Personalize {ref}") as told:
            issued = self._make(order)
            said = (
                f"kartu AKTIF, referensi {issued.holder_reference}",
                f"card ACTIVE, reference {issued.holder_reference}",
            )
            self.teller.good(told, "card", issued.card_id, *said)
        return issued

    def _make(self, order: Order) -> IssuedCard:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS)).encode()
        making = Personalization(self.stage.bureau, order.order_id, pin=pin)

        def sending(script: Script) -> None:
            steps.sending(script)
            making.sending(script)

        with self.slot.open() as card, self.teller.step_list() as steps:
            return run(making.dialogue(), card, on_script=sending)

    def _online(self) -> None:
        with self.teller.step("Meja klinik, daring", "Clinic desk, on line") as told:
            answer = self._ask()
            self._demand("on line", answer.covered, "covered", answer.document.get("outcome"))
            until = answer.token.until
            self.teller.good(told, "outcome", "covered", f"BERLAKU sampai {until}", f"COVERED until {until}")
            token = answer.token
            self.teller.fact(
                told, "token", answer.document["token"], *(("token JWT ES256, typ kartu-eligibility+jwt",) * 2)
            )
            claims = {
                "iss": token.issuer,
                "aud": token.audience,
                "sub": token.subject,
                "programme": token.programme,
                "as_of": token.as_of,
                "covered": token.covered,
                "until": token.until,
                "exp": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
                "cnf.jkt": token.card_key_thumbprint,
            }
            for name, value in claims.items():
                self.teller.fact(told, name, str(value), *((f"  {name:9} {value}",) * 2))

    def _offline(self) -> None:
        self.stage.stop_service()
        with self.teller.step("Kartu yang sama, jaringan mati", "The same card, line down") as told:
            try:
                self._ask()
            except ServiceUnreachable as down:
                self.teller.fact(told, "online", down.code, "layanan tidak terjangkau", "service unreachable")
            else:
                raise StepFailed(step="line down", expected="service-unreachable", found="an answer")
            with self.slot.open() as card:
                answer = verify_offline(
                    card,
                    self.question,
                    sector=0x01,
                    desk_name=CLINIC,
                    keys=self.cache.offline_keys(clock.now()),
                    packs=self.stage.packs,
                    entropy=secrets.token_bytes,
                    now=clock.now(),
                )
            self._demand("off line", answer.covered, "covered", answer.decision)
            proof = f"{answer.proof_expires_at:%Y-%m-%d}"
            said = (
                f"BERLAKU menurut kartu; bukti berlaku sampai {proof}",
                f"COVERED by the card's own proof, good until {proof}",
            )
            self.teller.good(told, "outcome", "covered", *said)
        self._start_service()

    def _lapsed(self) -> None:
        order = self._order(LAPSED)
        self._blank()
        self._personalize(order, LAPSED)
        with self.teller.step("Peserta yang menunggak", "A lapsed member") as told:
            answer = self._ask()
            self._demand("lapsed", not answer.covered, "not covered", answer.document.get("outcome"))
            explained = answer.document.get("explanation", {})
            cause, remedy = str(explained.get("cause")), str(explained.get("remedy"))
            cure = answer.document.get("cure") or {}
            self._demand("cure", bool(cure.get("amount_rupiah")), "an amount", cure)
            self.teller.refused(
                told, "reason", answer.document.get("reason"), f"TIDAK BERLAKU: {cause}", f"NOT COVERED: {cause}"
            )
            self.teller.fact(told, "amount_rupiah", cure["amount_rupiah"], remedy, remedy)

    def _clone(self, original: Path) -> None:
        with self.teller.step("Kartu tiruan", "A cloned card") as told:
            self.slot.insert(self.slot.clone(original))
            try:
                self._ask()
            except ServiceProblem as refused:
                title = str(refused.evidence["title"])
                self.teller.refused(
                    told, "problem", refused.evidence["problem"], f"DITOLAK: {title}", f"REFUSED: {title}"
                )
            else:
                raise StepFailed(step="clone", expected="a refusal", found="an answer")

    def _torn(self) -> None:
        order = self._order(TORN)
        self._blank()
        with self.teller.step(
            "Kartu tercabut di tengah personalisasi", "A card torn in the middle of personalization"
        ) as told:
            self.slot.arm(Tear(TearMode.AFTER, TORN_AT))
            try:
                self._make(order)
            except CardError as torn:
                said = f"tercabut pada APDU ke-{TORN_AT}: {torn.code}", f"torn at APDU {TORN_AT}: {torn.code}"
                self.teller.refused(told, "torn", torn.code, *said)
            else:
                raise StepFailed(step="torn", expected="card removed", found="a finished card")
            self.slot.await_card()
            issued = self._make(order)
            said = (
                f"dilanjutkan: kartu AKTIF, referensi {issued.holder_reference}",
                f"resumed: card ACTIVE, reference {issued.holder_reference}",
            )
            self.teller.good(told, "card", issued.card_id, *said)
            answer = self._ask()
            self._demand("resumed card", answer.covered, "covered", answer.document.get("outcome"))
            self.teller.good(told, "outcome", "covered", "BERLAKU", "COVERED")

    def _stock(self) -> None:
        with self.teller.step("Stok kartu", "Card stock") as told:
            count = count_stock(self.stage.bureau)
            self._demand("stock equation", count.missing == 0, "0 missing", count.missing)
            told.facts["stock"] = {"received": count.received, "live": count.live, "spoiled": count.spoiled}
            said = (
                f"masuk {count.received} = hidup {count.live} + stok {count.stock} + rusak {count.spoiled} + dicabut {count.revoked}",
                f"received {count.received} = live {count.live} + stock {count.stock} + spoiled {count.spoiled} + revoked {count.revoked}",
            )
            self.teller.good(told, "missing", count.missing, *said)

    def _start_service(self) -> None:
        self.stage.start_service()
        self.service = Service(self.stage.url, self.secret_file.read_text(), self.teller.output.language)

    def _ask(self) -> OnlineAnswer:
        with self.slot.open() as card:
            return verify_online(card, self.service, self.cache, self.question, issuer=self.stage.url, now=clock.now())

    @staticmethod
    def _demand(step: str, holds: bool, expected: str, found: object) -> None:  # noqa: FBT001 - a demand is yes or no
        if not holds:
            raise StepFailed(step=step, expected=expected, found=found)
