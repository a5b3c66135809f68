# SPDX-License-Identifier: Apache-2.0
"""Optional parts: a missing one is skipped with its remedy, or fails where it is required; the end of a run says what was left out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, tracked

CONFTEST = Path(__file__).parents[1] / "conftest.py"
NEEDS = "import pytest\n@pytest.mark.needs({parts})\ndef test_it(): pass\n"
# No test machine lacks what a test asks for, so here the part is one that nobody has.
ABSENT = '\nPARTS["chromium"] = Part(lambda: False, "apt-get install chromium")\n'


def run_case(folder: Path, case: str, require: str = "", absent: str = ABSENT) -> tuple[int, str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text() + absent)
    (folder / "test_case.py").write_text(case)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs(*parts): optional\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "KARTU_REQUIRE": require},
    )
    return done.returncode, done.stdout + done.stderr


def test_a_missing_part_is_skipped_and_the_end_says_so(tmp_path: Path) -> None:
    code, output = run_case(tmp_path, NEEDS.format(parts="'chromium'"))
    assert code == 0
    assert "1 skipped" in output
    assert "1 x chromium is not here: apt-get install chromium" in output
    assert "REFUSED" not in output


@pytest.mark.parametrize("require", ["all", "opensc,chromium", " chromium "])
def test_a_missing_part_that_is_required_fails(tmp_path: Path, require: str) -> None:
    code, output = run_case(tmp_path, NEEDS.format(parts="'chromium'"), require)
    assert code == 1
    assert "required by KARTU_REQUIRE, but chromium is not here: apt-get install chromium" in output


def test_requiring_one_part_leaves_the_others_optional(tmp_path: Path) -> None:
    code, output = run_case(tmp_path, NEEDS.format(parts="'chromium'"), "opensc")
    assert code == 0
    assert "1 skipped" in output


def test_a_present_part_is_no_reason_to_skip(tmp_path: Path) -> None:
    code, output = run_case(tmp_path, NEEDS.format(parts="'chromium'"), "all", ABSENT.replace("False", "True"))
    assert code == 0
    assert "1 passed" in output


@pytest.mark.parametrize("parts", ["'chromuim'", "'pcscd', 'chromuim'", ""])
def test_a_part_that_nobody_knows_fails(tmp_path: Path, parts: str) -> None:
    code, output = run_case(tmp_path, NEEDS.format(parts=parts))
    assert code == 1
    assert "names no known part" in output


def test_an_unknown_requirement_stops_the_run(tmp_path: Path) -> None:
    code, output = run_case(tmp_path, "def test_it(): pass\n", "everything")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "no part is called everything" in output


@pytest.mark.parametrize(
    "case",
    [
        "import pytest\ndef test_it(): pytest.skip('no mood')\n",
        "import pytest\npytest.importorskip('nobody_has_this', reason='no mood')\ndef test_it(): pass\n",
    ],
)
def test_no_other_skip_gets_past_a_run_that_requires_all(tmp_path: Path, case: str) -> None:
    (tmp_path / "test_other.py").write_text("def test_that_runs(): pass\n")
    assert run_case(tmp_path, case)[0] == 0
    code, output = run_case(tmp_path, case, "all")
    assert code == 1
    assert "REFUSED, everything is required: 1 x no mood" in output


def test_vectors_beside_the_checkout_may_be_absent(tmp_path: Path) -> None:
    case = "import pytest\ndef test_it(): pass\ndef test_vectors(): pytest.skip('x/shared/vectors/scp03.json is not here')\n"
    code, output = run_case(tmp_path, case, "all")
    assert code == 0
    assert "1 x x/shared/vectors/scp03.json is not here" in output


def unlisted(check: str) -> set[str]:
    """Debian packages that a part's remedy names and ./check does not install on a machine that has nothing."""
    installs = set(check.replace("\\\n", " ").split())
    wanted = set(re.findall(r"apt-get install ([a-z0-9.+-]+(?: [a-z0-9.+-]+)*)", CONFTEST.read_text()))
    wanted |= set(re.findall(r'_program\("([a-z0-9-]+)"\)', CONFTEST.read_text()))
    wanted |= set(re.findall(r'_program\("[a-z0-9-]+", "([a-z0-9-]+)"\)', CONFTEST.read_text()))
    wanted |= set(re.findall(r'_file\("[^"]+", "[^"]+", "([a-z0-9-]+)"\)', CONFTEST.read_text()))
    return {package for each in wanted for package in each.split()} - installs


def test_check_installs_what_every_part_needs() -> None:
    assert unlisted((ROOT / "check").read_text()) == set()


def test_a_part_that_check_forgets_is_seen() -> None:
    assert unlisted((ROOT / "check").read_text().replace(" libfaketime", "")) == {"libfaketime"}


def test_tests_skip_by_need_and_not_by_themselves() -> None:
    """A skip of its own is no part that ./check knows to install; `importorskip` is refused by KARTU_REQUIRE=all."""
    own = [path for path in tracked() if path.suffix == ".py" and "skipif(" in (ROOT / path).read_text()]
    assert [str(path) for path in own if path.name not in {"test_scp03_vectors.py", Path(__file__).name}] == []
