# SPDX-License-Identifier: Apache-2.0
"""Optional parts: a missing one is skipped with its remedy, or fails where it is required; and those that CI demands do work."""

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
CASE = "import pytest\n@pytest.mark.needs({part!r})\ndef test_it(): pass\n"


def run_case(folder: Path, part: str, require: str, path: str) -> str:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_case.py").write_text(CASE.format(part=part))
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs(part): optional\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": path, "KARTU_REQUIRE": require},
    )
    return done.stdout


def test_a_missing_part_is_skipped_with_its_remedy(tmp_path: Path) -> None:
    output = run_case(tmp_path, "chromium", "", "")
    assert "1 skipped" in output
    assert "apt-get install chromium" in output


@pytest.mark.parametrize("require", ["all", "opensc,chromium"])
def test_a_missing_part_that_is_required_fails(tmp_path: Path, require: str) -> None:
    output = run_case(tmp_path, "chromium", require, "")
    assert "1 error" in output
    assert "required by KARTU_REQUIRE" in output


def test_a_part_that_nobody_knows_fails(tmp_path: Path) -> None:
    assert "names no known part" in run_case(tmp_path, "chromuim", "", "")


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
            "--disable-sync", "--no-first-run", f"--user-data-dir={tmp_path}", "--dump-dom", "data:text/html,<title>kartu</title><p>berlaku",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    assert "berlaku" in done.stdout, done.stderr[-2000:]
