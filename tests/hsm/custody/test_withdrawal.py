# SPDX-License-Identifier: Apache-2.0
"""A card CA whose key somebody else may have: withdrawn by two officers, published no more, and verifiers are told why."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cardservice.credentials import ca_withdrawals, jwks
from cardservice.credentials.ca_withdrawals import CaWithdrawals
from cardservice.credentials.errors import TokenKeyUnknown, WithdrawalsRefused
from cardservice.credentials.jose import verify_jws_with_key_set
from cardservice.keys import Purpose
from hsm.custody import ca_certificates as certificates_module
from hsm.custody.ca_certificates import CERTIFICATE, ca_certificates, listed_certificates
from hsm.custody.journal import open_journal
from hsm.custody.key_ending import destroy_key
from hsm.custody.publication import publish
from hsm.custody.withdrawal import WithdrawalOrder, withdraw
from hsm.custody.withdrawal_list import withdrawal_list
from hsm.errors import CaCertificateRefused, GrantRefused
from hsm.limits.grants import Deed, Grant
from tests.hsm.custody.ceremonies import KeySet
from tests.hsm.custody.test_rotation import LATER, rotate
from tests.hsm.documents import base64url, token_input
from tests.hsm.officer_people import ANI, BUDI, ENROLLED, STRANGER, Officer, granted

DAY = timedelta(days=1)
REASON = "token stolen on 3 May"


@pytest.fixture
def followed(made: KeySet) -> str:
    """The first CA's certificate, by SHA-256, after another took over. The officers are enrolled."""
    with made.custody() as custody:
        first = hashlib.sha256(custody.store.ca_certificate).hexdigest()
        for name, point in ENROLLED.items():
            custody.keep_record(name, point)
    rotate(made, Purpose.CARD_CA, at=LATER)
    return first


def signed(sha256: str, *officers: Officer, reason: str = REASON, **changed: Any) -> Grant:
    facts: dict[str, Any] = {
        "deed": Deed.WITHDRAW_CA,
        "reason": reason,
        "not_after": int(LATER.timestamp()) + 600,
    }
    return granted([sha256], *officers, **facts | changed)


def withdrawn(made: KeySet, sha256: str, grant: Grant | None = None, reason: str = REASON) -> dict[str, object]:
    with made.custody() as custody, open_journal(made.journal) as journal:
        order = WithdrawalOrder(sha256, reason, grant or signed(sha256, ANI, BUDI))
        return withdraw(order, custody, journal, made.clock)


def published(made: KeySet, folder: Path) -> list[str]:
    """The SHA-256 of each certificate that verifiers are given."""
    with made.custody() as custody, open_journal(made.journal) as journal:
        now = made.clock()
        certificates = ca_certificates(journal, custody.store.ca_certificate, now)
        publish(custody.store, certificates, withdrawal_list(journal, custody.store, certificates, now), folder, now)
    found = x509.load_pem_x509_certificates((folder / "card-ca.pem").read_bytes())
    return [hashlib.sha256(one.public_bytes(Encoding.DER)).hexdigest() for one in found]


def told(made: KeySet, folder: Path, document: bytes | None = None, later: timedelta = timedelta()) -> CaWithdrawals:
    """What an offline verifier reads in its copy of the folder."""
    keys = jwks.decode((folder / "audit-keys.json").read_bytes())
    written = (folder / "card-ca-withdrawn.json").read_bytes() if document is None else document
    return ca_withdrawals.read(written, audit_keys=keys, now=made.clock() + later)


def test_a_withdrawn_certificate_is_published_no_more_and_verifiers_are_told(
    made: KeySet, followed: str, tmp_path: Path
) -> None:
    assert followed in published(made, tmp_path / "before")
    assert told(made, tmp_path / "before").by_key == {}

    done = withdrawn(made, followed)
    assert (done["sha256"], done["officers"], done["already"]) == (followed, ["ani", "budi"], False)
    assert followed not in published(made, tmp_path / "after")
    (one,) = told(made, tmp_path / "after").by_key.values()
    assert (one.certificate.hex(), one.reason, one.withdrawn_at) == (followed, REASON, LATER)
    # What is told outside names no officer.
    assert "ani" not in (tmp_path / "after" / "card-ca-withdrawn.json").read_text()


def test_without_the_journal_entry_it_would_be_published_still(
    made: KeySet, followed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control: what is published follows from the withdrawal in the journal, and from nothing else."""
    withdrawn(made, followed)
    monkeypatch.setattr(certificates_module, "WITHDRAWN", "never written")
    assert followed in published(made, tmp_path / "after")


def test_asked_again_it_says_when_that_was(made: KeySet, followed: str) -> None:
    withdrawn(made, followed)
    made.clock.time = LATER + DAY
    again = withdrawn(made, followed)
    assert (again["already"], again["at"]) == (True, LATER)


def test_the_one_in_use_is_followed_first(made: KeySet, followed: str) -> None:
    with made.custody() as custody:
        in_use = hashlib.sha256(custody.store.ca_certificate).hexdigest()
    assert in_use != followed
    with pytest.raises(CaCertificateRefused, match="rotate card-ca --at now"):
        withdrawn(made, in_use)


def test_a_certificate_that_never_was_ours(made: KeySet, followed: str) -> None:
    with pytest.raises(CaCertificateRefused, match="kartu keys list"):
        withdrawn(made, followed[::-1])


@pytest.mark.parametrize(
    ("officers", "changed", "rule"),
    [
        ((ANI,), {}, "2 different officers"),
        ((ANI, ANI), {}, "2 different officers"),
        ((ANI, STRANGER), {}, "enrolled"),
        ((ANI, BUDI), {"reason": "another"}, "reason"),
        ((ANI, BUDI), {"deed": Deed.UNSEAL_MANY}, "the grant is for"),
        ((ANI, BUDI), {"not_after": int(LATER.timestamp()) - 1}, "run out"),
    ],
    ids=["one", "one twice", "a stranger", "another reason", "another deed", "run out"],
)
def test_two_officers_sign_for_exactly_this(
    made: KeySet, followed: str, officers: Sequence[Officer], changed: dict[str, Any], rule: str
) -> None:
    with pytest.raises(GrantRefused, match=rule):
        withdrawn(made, followed, signed(followed, *officers, **changed))


def test_a_grant_is_for_one_certificate(made: KeySet, followed: str) -> None:
    rotate(made, Purpose.CARD_CA, name="r2", at=LATER + DAY, now=LATER + DAY)
    made.clock.time = LATER
    grant = signed(followed, ANI, BUDI)
    withdrawn(made, followed, grant)
    with open_journal(made.journal) as journal:
        second = journal.of(CERTIFICATE)[1].facts["sha256"]
    with pytest.raises(GrantRefused, match="exactly these"):
        withdrawn(made, second, grant)


def test_people_see_it_in_the_list(made: KeySet, followed: str) -> None:
    withdrawn(made, followed)
    with made.custody() as custody, open_journal(made.journal) as journal:
        first, second = listed_certificates(journal, custody.store.ca_certificate)
    assert (first["sha256"], first["withdrawn"], first["in_use"]) == (followed, REASON, False)
    assert (second["withdrawn"], second["in_use"]) == (None, True)


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace(REASON, "token lost    3 May"),
        lambda text: json.dumps(json.loads(text) | {"statement": json.loads(text)["statement"] | {"withdrawn": []}}),
        lambda text: text.replace("kartu-ca-withdrawals/2", "kartu-key-attestation/1"),
        lambda _: "{}",
        lambda _: "[" * 10_000,
        lambda text: text + " " * 300_000,
    ],
    ids=["reason", "emptied", "kind", "empty", "deep", "long"],
)
def test_a_list_that_was_changed_is_not_believed(made: KeySet, followed: str, tmp_path: Path, changed: Any) -> None:
    withdrawn(made, followed)
    published(made, tmp_path / "web")
    document = (tmp_path / "web" / "card-ca-withdrawn.json").read_text()
    with pytest.raises(WithdrawalsRefused):
        told(made, tmp_path / "web", changed(document).encode())


def test_a_list_of_long_ago_or_from_the_future_is_not_believed(made: KeySet, followed: str, tmp_path: Path) -> None:
    """A verifier that nobody brings news to can't go on for ever: 35 days, as with cover proofs."""
    assert followed in published(made, tmp_path / "web")
    assert told(made, tmp_path / "web", later=35 * DAY).by_key == {}
    with pytest.raises(WithdrawalsRefused, match="35 days"):
        told(made, tmp_path / "web", later=35 * DAY + timedelta(seconds=1))
    with pytest.raises(WithdrawalsRefused, match="future"):
        told(made, tmp_path / "web", later=-timedelta(minutes=6))


def test_it_stays_withdrawn_on_a_new_machine(made: KeySet, lost: KeySet, followed: str, tmp_path: Path) -> None:
    """The journal of the new machine begins empty: the backup brings the withdrawal."""
    withdrawn(made, followed)
    backup = made.back_up("carried away")
    lost.clock.time = LATER + DAY
    lost.restore(backup, made.shares(1, 2, 3))
    assert followed not in published(lost, tmp_path / "web")
    (one,) = told(lost, tmp_path / "web").by_key.values()
    assert one.withdrawn_at == LATER


def test_an_old_backup_does_not_bring_it_back_into_use(made: KeySet, followed: str, tmp_path: Path) -> None:
    """The backup is of before the theft; this machine's journal knows better, and refuses to publish under that CA."""
    old = made.folder / "out" / "backup"
    withdrawn(made, followed)
    with made.custody() as custody:
        for key in list(custody.store.descriptions()):
            custody.destroy(key)  # the store is lost, the journal is not
    made.restore(old, made.shares(1, 2, 3))
    with pytest.raises(CaCertificateRefused, match="rotate card-ca --at now"):
        published(made, tmp_path / "web")
    rotate(made, Purpose.CARD_CA, name="after the loss", at=LATER + DAY, now=LATER + DAY)
    assert followed not in published(made, tmp_path / "web")


def test_a_token_key_withdrawn_before_its_end(made: KeySet, tmp_path: Path) -> None:
    """A stolen token key is ended, destroyed, published no more; a token by it is refused by whoever has the new set, and by nobody before."""
    with made.custody() as custody:
        store = custody.store
        stolen = next(key for key in store.descriptions() if key.purpose is Purpose.ELIGIBILITY_TOKEN)
        document = token_input(stolen.kid)
        token = (document + b"." + base64url(store.sign_es256(stolen, document))).decode()
    published(made, tmp_path / "before")
    verify_jws_with_key_set(token, json.loads((tmp_path / "before" / "jwks.json").read_bytes()))

    rotate(made, Purpose.ELIGIBILITY_TOKEN, at=LATER)
    with made.custody() as custody, open_journal(made.journal) as journal:
        destroy_key(custody, journal, made.backups, stolen, "stolen", made.clock)
    published(made, tmp_path / "after")
    key_set = json.loads((tmp_path / "after" / "jwks.json").read_bytes())
    assert stolen.kid not in {key["kid"] for key in key_set["keys"]}
    # Whoever is given the earlier key set still is told by name.
    assert told(made, tmp_path / "before").keys == frozenset()
    assert told(made, tmp_path / "after").keys == {stolen.kid}
    with pytest.raises(TokenKeyUnknown):
        verify_jws_with_key_set(token, key_set)
