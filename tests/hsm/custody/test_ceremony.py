# SPDX-License-Identifier: Apache-2.0
"""A ceremony: what it leaves behind, what its checks see, and that an interrupted one leaves no half key set."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth

from cardservice.keys import Purpose
from hsm.custody import ceremony as ceremony_module
from hsm.custody import quorum
from hsm.custody.backup_folder import file_name
from hsm.custody.ceremony import Ceremony
from hsm.custody.journal import open_journal
from hsm.custody.key_record import check_of, fingerprint
from hsm.custody.plan import PlannedTransport
from hsm.custody.shamir import split
from hsm.custody.share_file import read_share
from hsm.custody.transcript_files import verified_transcript
from hsm.errors import CeremonyRefused, KeyFileExists, PassphraseUnusable, PlanRefused, StatementRefused
from hsm.keys.key_backup import opened_in_software
from hsm.keys.key_store import KeyStore
from hsm.limits.officers import Officers
from hsm.process.production import Environment
from tests.hsm.back_ends import SealedFile
from tests.hsm.custody.ceremonies import CUSTODIANS, PLAN, TRANSPORT_KEY, Held, InventedSecrets, passphrase, plan

KEYS = 15


@pytest.fixture(scope="module")
def back_end(tmp_path_factory: pytest.TempPathFactory) -> SealedFile:
    return SealedFile(tmp_path_factory.mktemp("ceremony") / "keys.sealed")


@pytest.fixture(scope="module")
def held(back_end: SealedFile) -> tuple[Held, dict[str, Any]]:
    """One ceremony for the tests that look at what it left."""
    held = Held(back_end.path.parent)
    with back_end.custody() as custody:
        return held, held.hold(custody)


@pytest.fixture
def fresh(tmp_path: Path) -> SealedFile:
    return SealedFile(tmp_path / "keys.sealed")


def audit_of(store: KeyStore) -> set[str]:
    return {fingerprint(store.verifying_point(key)) for key in store.descriptions() if key.purpose is Purpose.AUDIT}


def test_every_planned_key_is_there_and_backed_up(back_end: SealedFile, held: tuple[Held, dict[str, Any]]) -> None:
    store = back_end.store()
    planned = [*plan().keys, plan().transport[0].plan]
    names = {(key.purpose, key.version, key.sector, key.active_from, key.expires) for key in planned}
    there = {(key.purpose, key.version, key.sector, key.active_from, key.expires) for key in store.descriptions()}
    assert there == names
    assert held[1]["keys"] == len(planned) == KEYS
    for key in store.descriptions():
        assert held[0].backups.read(file_name(key))[0].check_value.hex() == check_of(store, key)


def test_certificate_officers_and_transport_key(back_end: SealedFile, held: tuple[Held, dict[str, Any]]) -> None:
    assert held
    store = back_end.store()
    certificate = x509.load_der_x509_certificate(store.ca_certificate)
    assert "(test)" in certificate.subject.rfc4514_string()
    certificate.verify_directly_issued_by(certificate)
    with back_end.custody() as custody:
        assert "satu.petugas" in Officers(custody.records())


def test_each_custodian_opens_his_share_with_his_passphrase(held: tuple[Held, dict[str, Any]]) -> None:
    files = sorted((held[0].folder / "out" / "shares").iterdir())
    assert [read_share(path, passphrase(name)).custodian for path, name in zip(files, CUSTODIANS, strict=True)] == list(
        CUSTODIANS
    )


def test_ten_threes_restore_and_ten_pairs_fail(held: tuple[Held, dict[str, Any]]) -> None:
    text = (held[0].folder / "out" / "transcript.txt").read_text()
    enough = re.findall(rf"\d\+\d\+\d \(.*\): {KEYS}$", text, re.MULTILINE)
    pairs = re.findall(r"  \d\+\d \(.*\): 0$", text, re.MULTILINE)
    assert (len(enough), len(pairs)) == (10, 10)


def test_sabotage_a_threshold_that_two_meet_is_seen(fresh: SealedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named change: the backup key is split so that two suffice."""
    monkeypatch.setattr(quorum, "split", lambda secret, _, count, randomness: split(secret, 2, count, randomness))
    with fresh.custody() as custody, pytest.raises(CeremonyRefused, match="restores nothing"):
        Held(fresh.path.parent).hold(custody)


def test_sabotage_a_backup_of_another_key_is_seen(fresh: SealedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named change: what the disk keeps is not what the back end wrapped."""
    seen: list[object] = []

    def spoilt(backup: Any, backup_key: bytes) -> bytes:
        seen.append(backup)
        if len(seen) == 5:
            backup = type(backup)(
                backup.description, backup.wrapped[:-1] + b"\0", *(backup.check_value, backup.backup_key_check_value)
            )
        return opened_in_software(backup, backup_key)

    monkeypatch.setattr(quorum, "opened_in_software", spoilt)
    with fresh.custody() as custody, pytest.raises(CeremonyRefused, match="restores every key"):
        Held(fresh.path.parent).hold(custody)


def test_sabotage_a_test_signature_that_fails_is_seen(fresh: SealedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceremony_module, "trial_signature_holds", lambda *_: False)
    with fresh.custody() as custody, pytest.raises(CeremonyRefused, match="signs what its public half verifies"):
        Held(fresh.path.parent).hold(custody)


class WrongComponent(InventedSecrets):
    def component(self, transport: PlannedTransport, number: int) -> bytearray:
        found = super().component(transport, number)
        found[0] ^= number
        return found


class ShortComponent(InventedSecrets):
    def component(self, transport: PlannedTransport, number: int) -> bytearray:
        return super().component(transport, number)[:16]


@pytest.mark.parametrize(
    ("secrets", "rule"), [(WrongComponent(), "KCV"), (ShortComponent(), "32 bytes")], ids=["KCV", "length"]
)
def test_components_that_do_not_give_the_key_are_refused(
    fresh: SealedFile, secrets: InventedSecrets, rule: str
) -> None:
    with fresh.custody() as custody, pytest.raises(CeremonyRefused, match=rule):
        Held(fresh.path.parent).hold(custody, secrets=secrets)


def test_nothing_secret_is_written_down(back_end: SealedFile, held: tuple[Held, dict[str, Any]]) -> None:
    with back_end.custody() as custody:
        secrets = [key.secret for key in custody.bundle.keys] + [custody.bundle.backup_key]  # type: ignore[attr-defined]  # the software form
    secrets += [bytes(passphrase(name)) for name in CUSTODIANS] + [TRANSPORT_KEY]
    written = [path for path in held[0].folder.rglob("*") if path.is_file() and path.name != "keys.sealed"]
    assert len(written) > 2 * KEYS
    contents = [path.read_bytes().lower() for path in written] + ["".join(held[0].lines).lower().encode()]
    for secret in secrets:
        for form in (secret, secret.hex().encode(), base64.b64encode(secret).lower()):
            assert not any(form.lower() in content for content in contents)


def test_the_transcript_holds_and_any_change_in_it_is_seen(
    back_end: SealedFile, held: tuple[Held, dict[str, Any]], tmp_path: Path
) -> None:
    out = held[0].folder / "out"
    trusted = audit_of(back_end.store())
    found = verified_transcript(out, trusted)
    assert found.document["plan_sha256"] == plan().digest
    for name in ("transcript.txt", "transcript.pdf", "transcript.json"):
        for other in ("transcript.txt", "transcript.pdf", "transcript.json"):
            (tmp_path / other).write_bytes((out / other).read_bytes())
        assert verified_transcript(tmp_path / name, trusted).document == found.document
        (tmp_path / name).write_bytes((out / name).read_bytes().replace(b"1", b"2", 1))
        with pytest.raises(StatementRefused):
            verified_transcript(tmp_path, trusted)
        (tmp_path / name).unlink()
        with pytest.raises(StatementRefused):
            verified_transcript(tmp_path, trusted)


def test_an_attestation_is_no_transcript(
    held: tuple[Held, dict[str, Any]], back_end: SealedFile, tmp_path: Path
) -> None:
    for name in ("transcript.txt", "transcript.pdf"):
        (tmp_path / name).write_bytes((held[0].folder / "out" / name).read_bytes())
    (tmp_path / "transcript.json").write_bytes((held[0].folder / "out" / "backup" / "manifest.json").read_bytes())
    with pytest.raises(StatementRefused, match="of a transcript"):
        verified_transcript(tmp_path, audit_of(back_end.store()))


def pages_of(pdf: bytes) -> list[str]:
    streams = re.findall(rb"/ASCII85Decode /FlateDecode \] /Length \d+\n>>\nstream\n(.*?)endstream", pdf, re.DOTALL)
    return [zlib.decompress(base64.a85decode(b"<~" + one.strip(), adobe=True)).decode("latin-1") for one in streams]


def test_the_pdf_has_every_step_and_numbers_its_pages(held: tuple[Held, dict[str, Any]]) -> None:
    pages = pages_of((held[0].folder / "out" / "transcript.pdf").read_bytes())
    text = (held[0].folder / "out" / "transcript.txt").read_text()
    steps = re.findall(r"^(\d+)\. ", text, re.MULTILINE)
    assert [number for page in pages for number in re.findall(r"\((\d+)\. ", page)] == steps
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert "Paraf / Initials" in page
        assert len(re.findall(r"\(\d+\. ", page)) <= 4
    assert [pages[-1].count(name) for name in (*CUSTODIANS, "Notaris Hartono")] == [1] * 6


def test_no_line_of_the_pdf_runs_off_the_paper(held: tuple[Held, dict[str, Any]]) -> None:
    for page in pages_of((held[0].folder / "out" / "transcript.pdf").read_bytes()):
        fonts = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier"}
        for font, size, line in re.findall(r"/(F\d) ([\d.]+) Tf .*?\((.*?)\) Tj", page):
            assert 50 + stringWidth(line.replace("\\", ""), fonts.get(font, "Helvetica-Bold"), float(size)) < A4[0] - 20


def test_keys_that_are_there_are_never_touched(back_end: SealedFile, held: tuple[Held, dict[str, Any]]) -> None:
    before = back_end.path.read_bytes()
    for again in (False, True):
        with back_end.custody() as custody, pytest.raises(CeremonyRefused, match="empty back end"):
            held[0].hold(custody, out="second", again=again)
    assert back_end.path.read_bytes() == before
    assert not (held[0].folder / "second").exists()


def test_a_plan_for_elsewhere_is_refused(fresh: SealedFile) -> None:
    with fresh.custody() as custody, pytest.raises(PlanRefused, match="KARTU_ENV"):
        Held(fresh.path.parent).hold(custody, environment=Environment.DEVELOPMENT)


def test_a_folder_in_which_something_lies_is_refused_before_anything_begins(fresh: SealedFile) -> None:
    there = Held(fresh.path.parent)
    (there.folder / "out").mkdir()
    (there.folder / "out" / "notes").write_text("")
    with fresh.custody() as custody, pytest.raises(KeyFileExists, match="notes"):
        there.hold(custody)
    with open_journal(there.journal) as journal:
        assert not journal.entries
    (there.folder / "out" / "notes").unlink()  # empty, it is as good as a new one
    with fresh.custody() as custody:
        assert there.hold(custody)["folder"] == there.folder / "out"


@pytest.mark.parametrize("begins", ["2020-01-01", "2060-01-01"])
def test_a_plan_whose_audit_key_can_not_sign_today_is_refused_before_anything_begins(
    fresh: SealedFile, begins: str
) -> None:
    there = Held(fresh.path.parent)
    with fresh.custody() as custody, pytest.raises(PlanRefused, match="audit key that signs on the day"):
        there.hold(custody, plan(f"begins = {begins}\n{PLAN}"))
    with open_journal(there.journal) as journal:
        assert not journal.entries


class Cut(BaseException):
    """The power goes."""


@contextmanager
def cut_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine dies in the middle of one step: half its work is done, and nothing is noted."""
    with monkeypatch.context() as patched:
        stage = [
            "_confirm",
            "_split",
            "_make",
            "_bring_in",
            "_enrol",
            "_certify",
            "_try_out",
            "_compare",
            "_try_every_group",
            "_back_up",
        ][step - 1]
        real = getattr(Ceremony, stage)

        def half(self: Ceremony, noted: Any) -> None:
            if stage == "_make":
                for planned in list(self._plan.keys)[:3]:
                    self._making.generate(planned)
            else:
                real(self, noted)
            raise Cut

        patched.setattr(Ceremony, stage, half)
        with pytest.raises(Cut):
            yield


@pytest.mark.parametrize("step", [1, 2, 3, 6, 10])
def test_cut_short_anywhere_it_says_where_and_begins_again(
    fresh: SealedFile, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(fresh.path.parent)
    with cut_at(step, monkeypatch), fresh.custody() as custody:
        held.hold(custody)
    with fresh.custody() as custody, pytest.raises(CeremonyRefused) as caught:
        held.hold(custody, out="second")
    assert caught.value.evidence["step"] == step
    left = {key.kid for key in fresh.store().descriptions()}
    with fresh.custody() as custody:
        assert held.hold(custody, out="second", again=True)["keys"] == KEYS
    store = fresh.store()
    assert left.isdisjoint(key.kid for key in store.descriptions())
    assert {path.name for path in held.backups.path.iterdir()} == {file_name(key) for key in store.descriptions()}


def test_a_custodian_without_a_passphrase_stops_it_before_any_key(fresh: SealedFile) -> None:
    class Silent(InventedSecrets):
        @contextmanager
        def passphrase_of(self, custodian: str) -> Iterator[bytearray]:
            if custodian == CUSTODIANS[4]:
                raise PassphraseUnusable(source="terminal", rule="shorter than 8 bytes")
            yield passphrase(custodian)

    held = Held(fresh.path.parent)
    with fresh.custody() as custody, pytest.raises(PassphraseUnusable):
        held.hold(custody, secrets=Silent())
    assert fresh.store().descriptions() == ()
    with open_journal(held.journal) as journal:
        assert (journal.entries[-1].event, journal.entries[-1].facts["code"]) == (
            "ceremony-step-failed",
            "hsm-passphrase-unusable",
        )


def test_the_journal_tells_intent_before_deed(held: tuple[Held, dict[str, Any]]) -> None:
    with open_journal(held[0].journal) as journal:
        events = [(entry.event, entry.facts) for entry in journal.entries]
    assert events[0][0] == "ceremony-begun"
    assert events[-1][0] == "ceremony-complete"
    made = [place for place, (event, _) in enumerate(events) if event == "key-made"]
    assert len(made) == KEYS
    for place in made:
        event, facts = events[place - 1]
        assert event == "key-intended"
        assert (facts["purpose"], facts["version"]) == (
            events[place][1]["key"]["purpose"],
            events[place][1]["key"]["version"],
        )


def test_steps_are_told_in_both_languages(held: tuple[Held, dict[str, Any]]) -> None:
    steps = [json.loads(line) for line in held[0].lines]
    assert [step["step"] for step in steps] == list(range(1, 11))
    assert {step["of"] for step in steps} == {10}
    assert all(step["id"] and step["en"] and step["id"] != step["en"] for step in steps)
