# SPDX-License-Identifier: Apache-2.0
"""``kartu keys`` over a PKCS#11 token: the URI in KARTU_KEYS, the same commands."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from tests.hsm.softhsm import SoftHsm
from tests.reader_tools.cli.desk import Desk
from tests.reader_tools.cli.test_keys_ceremony import EXAMPLE, secret_file

pytestmark = pytest.mark.needs("softhsm2")


def on_token(desk: Desk, folder: Path) -> str:
    token = SoftHsm(folder)
    desk.set("SOFTHSM2_CONF", token.conf)
    desk.set("KARTU_KEYS", str(token.uri()))
    return str(token.uri())


def test_ceremony_rotation_loss_and_restoration(bare_desk: Desk, tmp_path: Path) -> None:
    uri = on_token(bare_desk, tmp_path / "first")
    plan = tmp_path / "plan.toml"
    text = EXAMPLE.read_text().replace("threshold = 3", "threshold = 2").replace('"file:keys.sealed"', f'"{uri}"')
    text = re.sub(r"custodians = .*", 'custodians = ["Siti", "Budi", "Made"]', text).replace('"10-5F", "70"', '"70"')
    plan.write_text(text[: text.index("# The chip supplier")])
    files = {name: secret_file(tmp_path / f"passphrase-{name}", name * 3) for name in ("Siti", "Budi", "Made")}
    out = tmp_path / "out"
    words = [word for name, file in files.items() for word in ("--custodian", f"{name}={file}")]
    digest = hashlib.sha256(plan.read_bytes()).hexdigest()
    held = bare_desk.json("keys", "ceremony", plan, "--plan-hash", digest, "--out", out, *words)
    found = bare_desk.json("keys", "list")
    assert (found["backend"], len(found["keys"])) == ("pkcs11", held["keys"])
    rotated = bare_desk.json("keys", "rotate", "eligibility-token", "--at", "now")
    assert (len(rotated["made"]), len(rotated["ended"]), rotated["backed_up"]) == (1, 2, True)
    bare_desk.json("keys", "attest", tmp_path / "attested.json")
    assert bare_desk.json("keys", "attest", tmp_path / "attested.json", "--verify")["holds"] is True
    before = bare_desk.json("keys", "list")["keys"]
    bare_desk.json("keys", "backup", tmp_path / "backup")

    shutil.rmtree(bare_desk.folder / "hsm")
    on_token(bare_desk, tmp_path / "second")
    shares = []
    for name, path in zip(("Siti", "Made"), sorted((out / "shares").iterdir())[::2], strict=True):
        shares += ["--share", str(path), "--share-passphrase", f"{path.name}={files[name]}"]
    assert bare_desk.json("keys", "restore", tmp_path / "backup", *shares)["restored"] == held["keys"] + 1
    assert bare_desk.json("keys", "list")["keys"] == before
