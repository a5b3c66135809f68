# SPDX-License-Identifier: Apache-2.0
"""The CA's files as verifiers fetch them: as they were published, replaced while the service runs, and never rolled back for a desk that fetches them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from api.published_files import MAX_LENGTH, PublishedFile
from cardservice.credentials.errors import WithdrawalsOlder, WithdrawalsRefused
from hsm.custody.publication import pem
from reader_tools.desk.errors import ServiceProblem, ServiceUnreachable
from reader_tools.desk.published_folder import PublishedFolder, fetch_published
from reader_tools.desk.withdrawals_seen import WithdrawalsSeen
from tests.api.publication import EXAMPLE, STOLEN, publication, scheme_keys
from tests.api.served import Service, code_of
from tests.verification.world import ISSUER, NOW

DAY = timedelta(days=1)
KEYS = scheme_keys()
MEDIA_TYPES = {
    "card-ca.pem": "application/pem-certificate-chain",
    "card-ca-withdrawn.json": "application/json",
    "audit-keys.json": "application/jwk-set+json",
}
PATHS = [f"/.well-known/{name}" for name in MEDIA_TYPES]


def publishing(service: Service, folder: Path | None) -> Service:
    return replace(service, settings=replace(service.settings, published=folder))


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_a_file_is_served_as_it_was_published(service: Service, name: str) -> None:
    answer = service.get(f"/.well-known/{name}")
    assert (answer.status_code, answer.content) == (200, (EXAMPLE / name).read_bytes())
    assert answer.headers["content-type"] == MEDIA_TYPES[name]
    assert answer.headers["cache-control"] == "public, max-age=3600, stale-if-error=86400"
    again = service.get(f"/.well-known/{name}", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


def test_no_key_is_needed_for_it(service: Service) -> None:
    nothing: Any = object()
    keyless = replace(service, keys=nothing)
    assert [keyless.get(path).status_code for path in PATHS] == [200, 200, 200]


def test_what_is_published_anew_is_served_at_once(service: Service, tmp_path: Path) -> None:
    web = publishing(service, tmp_path / "web")
    publication(tmp_path / "web", tmp_path / "journal", NOW, store=KEYS)
    before = [web.get(path).headers["etag"] for path in PATHS]
    publication(tmp_path / "web", tmp_path / "journal", NOW + DAY, [STOLEN], KEYS)
    after = [web.get(path).headers["etag"] for path in PATHS]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


@pytest.mark.parametrize("path", PATHS)
def test_a_service_that_publishes_nothing_says_so(service: Service, tmp_path: Path, path: str) -> None:
    for folder in (None, tmp_path):
        answer = publishing(service, folder).get(path)
        assert (answer.status_code, code_of(answer)) == (404, "not-published")
        assert answer.json()["file"] == path.rpartition("/")[2]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"x" * (MAX_LENGTH + 1)),
        lambda path: path.unlink() or path.mkdir(),
    ],
    ids=["empty", "too long", "a folder"],
)
def test_a_file_that_cannot_be_one_is_not_handed_on(
    service: Service, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    web = shutil.copytree(EXAMPLE, tmp_path / "web")
    damage(web / "card-ca-withdrawn.json")
    answer = publishing(service, web).get("/.well-known/card-ca-withdrawn.json")
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (503, "publication-unreadable", "5")
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/.well-known/card-ca.cer", "/.well-known/secret", "/.well-known/../passphrase", "/.well-known/%2e%2e/passphrase"],
)
def test_nothing_else_of_the_folder_is_served(service: Service, tmp_path: Path, path: str) -> None:
    web = shutil.copytree(EXAMPLE, tmp_path / "web")
    for name in ("card-ca.cer", "secret", "../passphrase"):
        (web / name).write_text("not for you")
    assert code_of(publishing(service, web).get(path)) == "route-unknown"
    assert {str(each) for each in PublishedFile} == set(MEDIA_TYPES)


@dataclass
class Line:
    """A desk's line to the service; ``fetch`` as ``http_client.Service`` has it."""

    service: Service
    url: str = "http://testserver"
    down: bool = False

    def fetch(self, path: str) -> bytes:
        if self.down:
            raise ServiceUnreachable(url=self.url)
        answer = self.service.get(path)
        if answer.status_code != 200:
            problem = answer.json()
            raise ServiceProblem(status=answer.status_code, problem=problem["code"], title="-", detail="-")
        return answer.content


def test_a_desk_fetches_them_and_no_service_rolls_it_back(service: Service, tmp_path: Path) -> None:
    """From the scheme's publication over HTTP to the desk's memory; then a service whose folder is an old one, and one that has none."""
    web, journal = tmp_path / "web", tmp_path / "journal"
    kept, seen = tmp_path / "desk" / "keys", WithdrawalsSeen(tmp_path / "desk" / "seen", ISSUER)

    def fetched(at: Any, folder: Path | None = web, *, down: bool = False) -> int:
        line: Any = Line(publishing(service, folder), down=down)
        return fetch_published(line, kept, seen, lambda: at).withdrawals.number

    first = publication(web, journal, NOW, store=KEYS)
    old = shutil.copytree(web, tmp_path / "old")
    assert fetched(NOW) == first
    second = publication(web, journal, NOW + DAY, [STOLEN], KEYS)
    assert fetched(NOW + DAY) == second > first

    for wrong, error in ((old, WithdrawalsOlder), (None, ServiceProblem), (tmp_path, ServiceProblem)):
        with pytest.raises(error):
            fetched(NOW + 2 * DAY, wrong)
    with pytest.raises(ServiceUnreachable):
        fetched(NOW + 2 * DAY, down=True)
    held = seen.fresh(NOW + 2 * DAY)
    assert (held.number, [one.reason for one in held.by_key.values()]) == (second, [STOLEN["reason"]])
    assert len(PublishedFolder(kept).authorities()) == 1
    with pytest.raises(WithdrawalsRefused, match="35 days"):
        seen.fresh(NOW + 37 * DAY)


def test_a_certificate_that_somebody_put_into_the_file_is_not_believed(service: Service, tmp_path: Path) -> None:
    """card-ca.pem is not signed; the list is, and names the certificates."""
    web = shutil.copytree(EXAMPLE, tmp_path / "web")
    with (web / "card-ca.pem").open("ab") as file:
        file.write(pem(scheme_keys().ca_certificate))  # the CA's key certified once more
    line: Any = Line(publishing(service, web))
    taken = fetch_published(line, tmp_path / "keys", WithdrawalsSeen(tmp_path / "seen", ISSUER), lambda: NOW)
    kept = [one.public_bytes(Encoding.DER) for one in PublishedFolder(tmp_path / "keys").authorities()]
    assert [taken.withdrawals.believes(der) for der in kept] == [True, False]
