# SPDX-License-Identifier: Apache-2.0
"""Published files: what verifiers read, while it is being replaced too."""

import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from cardservice.credentials import jwks
from cardservice.keys import Purpose
from hsm.custody.publication import publish, write_files
from hsm.custody.withdrawal_list import KIND
from hsm.errors import PublicationFailed
from hsm.operations.key_ring import KeyRing
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW

DAY = timedelta(days=1)
NONE = {"kind": KIND, "number": 1, "at": NOW, "withdrawn": []}


def kids(store: SoftwareStore, purpose: Purpose, now: datetime = NOW) -> list[str]:
    return [key.kid for key in KeyRing(store).published(purpose, now)]


def test_key_sets_are_what_the_service_would_answer(store: SoftwareStore, tmp_path: Path) -> None:
    """Byte for byte: a cache may carry either."""
    said = publish(store, [store.ca_certificate], NONE, tmp_path / "well-known", NOW)
    files = {
        Purpose.ELIGIBILITY_TOKEN: "jwks.json",
        Purpose.COVER_PROOF: "cover-proof-keys.json",
        Purpose.AUDIT: "audit-keys.json",
        Purpose.RECEIPT: "receipt-keys.json",
    }
    for purpose, name in files.items():
        document = (tmp_path / "well-known" / name).read_bytes()
        keys = jwks.decode(document)
        assert [key.kid for key in keys] == kids(store, purpose)
        assert jwks.encode(keys) == document
    assert said["without_successor"] == []
    assert stat.S_IMODE((tmp_path / "well-known" / "jwks.json").stat().st_mode) == 0o644


def test_two_live_keys_per_signing_purpose(store: SoftwareStore, tmp_path: Path) -> None:
    publish(store, [store.ca_certificate], NONE, tmp_path, NOW)
    for name in ("jwks.json", "cover-proof-keys.json"):
        assert len(jwks.decode((tmp_path / name).read_bytes())) == 2


def test_a_purpose_without_a_successor_is_named(store: SoftwareStore, tmp_path: Path) -> None:
    assert publish(store, [store.ca_certificate], NONE, tmp_path, NOW + 91 * DAY)["without_successor"] == [
        "eligibility-token",
        "cover-proof",
    ]


def test_an_ended_key_stays_as_long_as_what_it_signed(store: SoftwareStore, tmp_path: Path) -> None:
    first = kids(store, Purpose.COVER_PROOF)[0]
    for days, there in ((91, True), (125, True), (127, False)):
        publish(store, [store.ca_certificate], NONE, tmp_path, NOW + days * DAY)
        assert (first in {key.kid for key in jwks.decode((tmp_path / "cover-proof-keys.json").read_bytes())}) is there


def test_the_ca_certificate_in_both_forms(store: SoftwareStore, tmp_path: Path) -> None:
    publish(store, [store.ca_certificate], NONE, tmp_path, NOW)
    assert (tmp_path / "card-ca.cer").read_bytes() == store.ca_certificate
    (certificate,) = x509.load_pem_x509_certificates((tmp_path / "card-ca.pem").read_bytes())
    assert certificate == x509.load_der_x509_certificate(store.ca_certificate)


def test_no_keys_left_is_refused_and_what_is_published_stays(store: SoftwareStore, tmp_path: Path) -> None:
    publish(store, [store.ca_certificate], NONE, tmp_path, NOW)
    before = (tmp_path / "jwks.json").read_bytes()
    with pytest.raises(PublicationFailed, match="no eligibility-token key"):
        publish(store, [store.ca_certificate], NONE, tmp_path, NOW + 1000 * DAY)
    assert (tmp_path / "jwks.json").read_bytes() == before


def test_a_reader_finds_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Replaced by name: who has the old one open reads it to its end."""
    write_files(tmp_path, {"jwks.json": b"old"})
    with (tmp_path / "jwks.json").open("rb") as reader:
        write_files(tmp_path, {"jwks.json": b"new"})
        assert reader.read() == b"old"
    assert (tmp_path / "jwks.json").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["jwks.json"]


def test_what_was_not_published_leaves_nothing_that_a_web_server_would_show(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").mkdir()
    with pytest.raises(PublicationFailed):
        write_files(tmp_path, {"jwks.json": b"{}"})
    assert [path.name for path in tmp_path.iterdir()] == ["jwks.json"]


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PublicationFailed):
        write_files(tmp_path / "file" / "below", {"jwks.json": b""})
