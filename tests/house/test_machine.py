# SPDX-License-Identifier: Apache-2.0
"""The optional parts that CI demands do work, those included that only later issues build on."""

import subprocess
from pathlib import Path

import pytest


@pytest.mark.needs("softhsm2")
def test_softhsm2_makes_a_token(tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    done = subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "kartu", "--so-pin", "12345678", "--pin", "1234"],
        env={"SOFTHSM2_CONF": str(configuration), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert any((tmp_path / "tokens").iterdir())


@pytest.mark.needs("chromium")
def test_chromium_draws_a_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-first-run", f"--user-data-dir={tmp_path}", "--dump-dom",
            "data:text/html,<p id=p><script>p.textContent='ber'+'laku'</script>",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    assert "berlaku" in done.stdout, done.stderr[-2000:]
