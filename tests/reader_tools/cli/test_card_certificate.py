# SPDX-License-Identifier: Apache-2.0
"""``kartu card certificate`` and ``under-ca``: a genuine card, one whose CA was withdrawn, and what a verifier's folder may lack."""

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cardservice.clock import now
from hsm.custody.statement import signed
from hsm.custody.withdrawal_list import CA_WITHDRAWN
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_file import open_sealed
from hsm.stores.software_store import SoftwareStore
from tests.reader_tools.cli.desk import Desk, KeyDesk


@pytest.fixture
def web(desk: Desk, key_desk: KeyDesk, tmp_path: Path) -> Path:
    """What the scheme publishes; the desk goes back to its own folder."""
    desk.set("KARTU_DATA_DIR", key_desk.folder)
    desk.json("keys", "publish", tmp_path / "web")
    desk.set("KARTU_DATA_DIR", desk.folder)
    return tmp_path / "web"


def withdraw_all(key_desk: KeyDesk, web: Path, *, days_ago: int = 0) -> None:
    """The list as the scheme's audit key signs it, naming the CA of the published certificate; the next after the one in the folder."""
    passphrase = (key_desk.folder / "hsm" / "passphrase").read_bytes().strip()
    bundle = KeyBundle.decode(open_sealed(key_desk.folder / "hsm" / "keys.sealed", passphrase))
    certificate = x509.load_pem_x509_certificate((web / "card-ca.pem").read_bytes())
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    before = json.loads((web / CA_WITHDRAWN).read_bytes())["statement"]
    at = now() - timedelta(days=days_ago)
    one = {"sha256": hashlib.sha256(b"").hexdigest(), "key_identifier": identifier.hex(), "withdrawn_at": at}
    named = {**one, "subject": certificate.subject.rfc4514_string(), "reason": "token stolen"}
    document = {**before, "number": before["number"] + 1, "at": at, "withdrawn": [named]}
    store = SoftwareStore(bundle, bytes)
    (web / CA_WITHDRAWN).write_bytes(signed(document, store, now()))


def test_a_genuine_card_and_one_whose_ca_was_withdrawn(desk: Desk, key_desk: KeyDesk, web: Path) -> None:
    _, serial = desk.issued_card()
    assert desk.json("card", "certificate", web)["genuine"] is True
    assert "GENUINE" in desk("card", "certificate", web).out
    assert desk.json("card", "under-ca", web)["cards"] == []

    withdraw_all(key_desk, web)
    assert desk.refused("card", "certificate", web, code=1) == "certificate-ca-withdrawn"
    said = desk("card", "certificate", web)
    assert "token stolen" in said.err
    assert "issued anew" in said.err
    (card,) = desk.json("card", "under-ca", web)["cards"]
    assert (card["chip_serial"], card["state"]) == (serial, "ACTIVE")
    assert "1 cards to be issued anew" in desk("card", "under-ca", web).out


def test_a_list_that_is_too_old_or_not_there(desk: Desk, key_desk: KeyDesk, web: Path) -> None:
    desk.issued_card()
    withdraw_all(key_desk, web, days_ago=36)
    assert desk.refused("card", "certificate", web, code=1) == "ca-withdrawals-refused"
    (web / CA_WITHDRAWN).unlink()
    assert desk.refused("card", "certificate", web, code=5) == "file-unreadable"
    (web / "card-ca.pem").write_text("nothing in PEM")
    assert desk.refused("card", "certificate", web, code=5) == "file-unreadable"


def test_an_older_list_is_refused_and_the_newer_one_stays(desk: Desk, key_desk: KeyDesk, web: Path) -> None:
    """What a stale mirror gives out, or whoever has the CA's key and wants the card believed again."""
    desk.issued_card()
    before = shutil.copytree(web, desk.folder / "mirror")
    withdraw_all(key_desk, web)
    assert desk.refused("card", "certificate", web, code=1) == "certificate-ca-withdrawn"
    said = desk("card", "certificate", before)
    assert (said.code, "ca-withdrawals-older" in said.err) == (1, True)
    numbers = [json.loads((each / CA_WITHDRAWN).read_bytes())["statement"]["number"] for each in (before, web)]
    assert all(str(number) in said.err for number in numbers)
    assert desk.refused("card", "under-ca", before, code=1) == "ca-withdrawals-older"
    # Nothing that was refused has been remembered, and what is remembered needs no folder.
    shutil.copytree(web, desk.folder / "keys", dirs_exist_ok=True)
    assert desk.refused("card", "certificate", code=1) == "certificate-ca-withdrawn"


def test_sabotage_a_desk_without_memory_believes_the_mirror(desk: Desk, key_desk: KeyDesk, web: Path) -> None:
    before = shutil.copytree(web, desk.folder / "mirror")
    withdraw_all(key_desk, web)
    assert desk.json("card", "under-ca", web)["withdrawn_authorities"] == 1
    assert desk.refused("card", "under-ca", before, code=1) == "ca-withdrawals-older"
    shutil.rmtree(desk.folder / "seen")
    assert desk.json("card", "under-ca", before)["withdrawn_authorities"] == 0


def test_without_a_folder_it_goes_by_what_was_fetched(desk: Desk, web: Path) -> None:
    assert desk.refused("card", "certificate", code=5) == "file-unreadable"
    shutil.copytree(web, desk.folder / "keys", dirs_exist_ok=True)
    assert desk.refused("card", "certificate", code=4) == "ca-withdrawals-none"


def test_a_blank_card_has_no_certificate(desk: Desk, web: Path) -> None:
    desk.blank_card()
    assert desk("card", "certificate", web).code == 3
