# SPDX-License-Identifier: Apache-2.0
"""The keys are lost: ceremony, work, loss, restoration by three of five - and what was made before is as good as ever. All with the real programs."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.factory import blank_chip
from applets.virtual.runtime import Interface
from bench.issuer import Issuer, fresh_keys
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.personalization_plan import Personalized
from cardservice.card_edge.dialogues.personalize import personalize
from cardservice.card_edge.errors import CardNotAuthentic
from cardservice.clock import now
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.client.key_faces import KeyFaces
from hsm.client.key_process import KeyProcess
from hsm.custody.statement import signature_holds
from hsm.errors import DocumentRefused, SoftwareKeys
from tests.hsm.custody.ceremonies import COMPONENT, CUSTODIANS, PLAN, TRANSPORT_KEY, passphrase
from tests.hsm.documents import token_input
from tests.hsm.running import ROOT, eventually, hsm_process, short_folder, workers_of

NIK = b"3171234567890123"
CARD = KeySet(KeyOrigin.SCHEME, 0x30, bytes.fromhex("00010203040506070809"))
SECTOR = KeySet(KeyOrigin.SCHEME, 0x30, bytes.fromhex("00010203040506070809"), 0x10)


def secret(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@dataclass(frozen=True)
class Machine:
    """A machine with keys, its key process, and what the custody program does there."""

    folder: Path

    def custody(self, *words: str | Path, code: int = 0) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "hsm.custody", *map(str, words), *self.store],
            cwd=ROOT,
            env=os.environ | {"KARTU_ENV": "test"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout + done.stderr
        last = json.loads(done.stdout.splitlines()[-1])
        return last["error" if code else "result"]

    @property
    def store(self) -> tuple[str, ...]:
        return "--store", str(self.folder / "keys"), "--passphrase-file", str(self.folder / "pass")

    @contextmanager
    def running(self) -> Iterator[KeyProcess]:
        with hsm_process(self.folder, "--workers", "1"), KeyProcess(self.folder / "run" / "s") as keys:
            yield keys


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What people keep elsewhere: shares, passphrases, backup."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def machine(kept: Path) -> Iterator[Machine]:
    with short_folder() as folder:
        made = Machine(folder)
        plan = kept / "plan.toml"
        plan.write_text(PLAN.replace("file:keys.sealed", "file:keys").replace('"10-11"', '"10", "70"'))
        digest = hashlib.sha256(plan.read_bytes()).hexdigest()
        words: list[str | Path] = ["ceremony", plan, "--plan-hash", digest, "--out", kept / "out"]
        for number, name in enumerate(CUSTODIANS, 1):
            words += ["--custodian", f"{name}={secret(kept / f'passphrase-{number}', bytes(passphrase(name)))}"]
        rest = bytes(a ^ b for a, b in zip(TRANSPORT_KEY, COMPONENT, strict=True))
        for number, component in enumerate((COMPONENT, rest), 1):
            words += ["--component", f"FF:{number}={secret(kept / f'component-{number}', component.hex().encode())}"]
        made.custody(*words)
        yield made


def shares(kept: Path, *numbers: int) -> list[str | Path]:
    words: list[str | Path] = []
    for path in sorted((kept / "out" / "shares").iterdir()):
        number = int(path.name.split("-")[1])
        if number in numbers:
            words += ["--share", path, "--share-passphrase", f"{path.name}={kept / f'passphrase-{number}'}"]
    return words


@dataclass(frozen=True)
class Made:
    """What the keys made: a token, a card's channel, a fingerprint, a sealed value, a name."""

    token: bytes
    signature: bytes
    signer: bytes
    channel: object
    index: bytes
    sealed: bytes
    pseudonym: bytes


def work(keys: KeyProcess) -> Made:
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    token = token_input(signer.verifying_key.kid, now=now())
    requests = [SessionRequest(card, bytes(8), card_challenge=bytes(range(8))) for card in (CARD, SECTOR)]
    return Made(
        token=token,
        signature=signer.sign(token),
        signer=signer.verifying_key.point,
        channel=keys.card_keys.session_keys(requests),
        index=keys.blind_index.blind_index([NIK])[0],
        sealed=keys.sealer.seal([("member/1/nik", NIK)])[0],
        pseudonym=keys.pseudonyms.pseudonym(0x10, b"member 1"),
    )


def blank_card() -> VirtualCard:
    """A software card with the supplier's key of the ceremony's plan."""
    image = blank_chip(entropy=os.urandom, transport_master=TRANSPORT_KEY)
    return VirtualCard(image, interface=Interface.CONTACT, entropy=os.urandom, delay=lambda _: None)


def resume(issuer: Issuer, keys: KeyFaces, card: VirtualCard, issued: Personalized) -> Personalized:
    """Open every channel of a finished card and read it back: what `kartu card resume` does."""
    known = (issued.public_keys, issued.credentials)
    issuer.keys = keys
    return run(
        personalize(issuer.plan, keys.card_keys, os.urandom, bind=issuer.bind, certify=issuer.certify, known=known),
        card,
    )


def test_lost_and_restored_by_three_of_five(machine: Machine, kept: Path) -> None:
    card = blank_card()
    with machine.running() as keys:
        before = work(keys)
        certificate = keys.ca_certificate
        issuer = Issuer(keys=keys)
        issued = run(issuer.dialogue(), card)
    machine.custody("backup", kept / "backup")
    for path in machine.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    too_few = machine.custody("restore", kept / "backup", *shares(kept, 2, 5), code=1)
    assert (too_few["code"], too_few["evidence"]) == ("hsm-shares-too-few", {"needed": 3, "given": 2})
    assert not (machine.folder / "keys").exists()
    done = machine.custody("restore", kept / "backup", *shares(kept, 1, 3, 5))
    assert done["restored"] == done["keys"] == 15

    with machine.running() as keys:
        after = work(keys)
        # The same card opens its channel, the old token verifies, the member is found, the old value opens, the name is the same.
        assert after.channel == before.channel
        again = resume(issuer, keys, card, issued)
        assert (again.chip.chip_serial, again.objects_sha256) == (issued.chip.chip_serial, issued.objects_sha256)
        published = {key.point for key in keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)}
        assert before.signer in published
        assert signature_holds(before.signer, before.token, before.signature)
        assert after.index == before.index
        assert keys.sealer.unseal("member/1/nik", before.sealed, reason="test") == NIK
        assert after.pseudonym == before.pseudonym
        assert keys.ca_certificate == certificate
    # Control: another key set, made just as well, opens nothing on that card.
    with pytest.raises(CardNotAuthentic):
        resume(issuer, fresh_keys(), card, issued)
    # And rotation needs no quorum: the backup key is there again.
    assert machine.custody("rotate", "audit", "--id", "after the loss")["backed_up"] is True


def test_after_a_hangup_the_old_key_can_not_sign_and_old_tokens_verify(machine: Machine) -> None:
    with hsm_process(machine.folder, "--workers", "1") as process, KeyProcess(machine.folder / "run" / "s") as keys:
        before = work(keys)
        old = keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
        machine.custody("rotate", "eligibility-token", "--id", "suspected compromise", "--at", "now")
        workers = workers_of(process)
        process.send_signal(signal.SIGHUP)
        assert eventually(lambda: workers_of(process) != workers and len(workers_of(process)) == 1)
        with KeyProcess(machine.folder / "run" / "s") as told:
            new = told.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key
            assert new.kid != old.kid
            with pytest.raises(DocumentRefused):
                told.signer(Purpose.ELIGIBILITY_TOKEN).sign(token_input(old.kid, now=now()))
            assert told.signer(Purpose.ELIGIBILITY_TOKEN).sign(token_input(new.kid, now=now()))
            assert before.signer in {key.point for key in told.verifying_keys(Purpose.ELIGIBILITY_TOKEN)}
            assert signature_holds(before.signer, before.token, before.signature)


def test_production_touches_no_software_keys(machine: Machine) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hsm.custody", "list", *machine.store],
        cwd=ROOT,
        env=os.environ | {"KARTU_ENV": "production"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(done.stdout)["error"]["code"] == SoftwareKeys.code
