# SPDX-License-Identifier: Apache-2.0
"""A published folder for tests of the service. Run as a program it writes the one that the worked examples show anew:

.venv/bin/python -m tests.api.publication
"""

import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from hsm.custody.journal import open_journal
from hsm.custody.publication import publish
from hsm.custody.withdrawal import note_withdrawals
from hsm.custody.withdrawal_list import withdrawal_list
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.verification.world import NOW

EXAMPLE = Path(__file__).with_name("published")
STOLEN = {
    "sha256": "8c1f0a77" * 8,
    "key_identifier": "5d" * 20,
    "subject": "CN=Kartu card CA 1",
    "reason": "token stolen on 3 May",
    "withdrawn_at": (NOW - timedelta(days=200)).isoformat(),
}


def scheme_keys() -> SoftwareStore:
    """The same keys in every run; each signature is another."""
    return SoftwareStore(development_keys(NOW, random.Random(2026).randbytes), os.urandom)


def publication(
    folder: Path,
    journal: Path,
    at: datetime,
    stolen: Sequence[Mapping[str, str]] = (),
    store: SoftwareStore | None = None,
) -> int:
    """As ``kartu keys publish`` writes it; the list's number."""
    keys = store or scheme_keys()
    with open_journal(journal) as opened:
        note_withdrawals(opened, stolen, at)
        listed = withdrawal_list(opened, keys, [keys.ca_certificate], at)
        publish(keys, [keys.ca_certificate], listed, folder, at)
    return int(str(listed["number"]))


def main() -> None:
    """Only what the service hands on is kept."""
    with tempfile.TemporaryDirectory() as made:
        publication(Path(made) / "web", Path(made) / "journal", NOW, [STOLEN])
        EXAMPLE.mkdir(exist_ok=True)
        for name in ("card-ca.pem", "card-ca-withdrawn.json", "audit-keys.json"):
            (EXAMPLE / name).write_bytes((Path(made) / "web" / name).read_bytes())


if __name__ == "__main__":
    main()
