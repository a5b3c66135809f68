# SPDX-License-Identifier: Apache-2.0
"""What is particular to custody over a sealed file: the file is replaced whole, or stands as it was."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import cbor2
import pytest

from cardservice.keys import Purpose
from hsm.errors import KeyFileUnwritable
from hsm.keys.key_description_wire import description_to_wire
from hsm.stores.key_bundle import KeyBundle
from tests.hsm.back_ends import SealedFile
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.documents import NOW


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = SealedFile(tmp_path / "keys")
    with file.custody() as custody:
        key = custody.generate(plan(Purpose.SEAL), NOW).description
        before = file.path.read_bytes()

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(KeyFileUnwritable) as caught:
                custody.generate(plan(Purpose.AUDIT), NOW)
        assert "No space left" in str(caught.value)
        assert file.path.read_bytes() == before
        assert list(custody.store.descriptions()) == [key]
        custody.generate(plan(Purpose.AUDIT), NOW)
    assert len(file.store().descriptions()) == 2
    assert {entry.name for entry in tmp_path.iterdir()} == {"keys", ".keys.lock"}


def test_the_replaced_file_is_closed_to_others_and_shares_no_nonce(tmp_path: Path) -> None:
    file = SealedFile(tmp_path / "keys")
    before = file.path.read_bytes()
    with file.custody() as custody:
        custody.keep_record("a", b"b")
    after = file.path.read_bytes()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert before[53:65] != after[53:65]
    assert before[9:37] == after[9:37]


def test_a_bundle_of_the_first_format_is_still_read(bundle: KeyBundle) -> None:
    old: dict[str, Any] = {
        "format": 1,
        "ca_certificate": bundle.ca_certificate,
        "keys": [description_to_wire(key.description) | {"secret": key.secret} for key in bundle.keys],
    }
    assert KeyBundle.decode(cbor2.dumps(old)) == bundle
