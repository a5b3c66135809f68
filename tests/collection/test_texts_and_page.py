# SPDX-License-Identifier: Apache-2.0
"""Words for every error of this room; and the page for a bank's developer says what is so."""

import re
import tomllib
from pathlib import Path

from api.ppob import OPERATIONS
from api.snap import SERVICES
from cardservice import collection
from cardservice.collection import errors
from cardservice.collection.group.row_problem import GroupRule
from cardservice.collection.ppob.cases import PpobCase
from cardservice.collection.snap.cases import Case, Service
from cardservice.collection.snap.signature import Encoding, hmac_sha512, symmetric_string
from cardservice.errors import KartuError
from cardservice.records.reconciliations import Difference

PAGE = (Path(__file__).parents[2] / "docs" / "collection.md").read_text(encoding="utf-8")


def test_every_error_has_words() -> None:
    path = Path(collection.__file__).parents[1] / "texts" / "collection.toml"
    texts = tomllib.loads(path.read_text(encoding="utf-8"))
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KartuError)]
    rows = {f"group-row-{rule.value}" for rule in GroupRule}
    assert ({kind.code for kind in kinds} - {KartuError.code}) | rows == texts.keys()


def test_the_pages_example_is_right() -> None:
    told = dict(re.findall(r"^(secret|token|time|path|body|base64) +(.+)$", PAGE, re.MULTILINE))
    signed = symmetric_string("POST", told["path"], told["token"], told["body"].encode(), told["time"])
    assert Encoding.BASE64.write(hmac_sha512(told["secret"].encode(), signed)) == told["base64"]


def test_the_page_names_every_address() -> None:
    assert set(re.findall(r"`POST (/v1\.0/[a-z0-9/-]+)`", PAGE)) == set(SERVICES)


def test_the_page_names_every_operation_and_code_of_ppob() -> None:
    assert set(re.findall(r"`(/ppob/v1/[a-z]+)`", PAGE)) == set(OPERATIONS)
    table = PAGE.rpartition("| rc | meaning |")[2].partition("## End of day")[0]
    assert (
        set(re.findall(r"\| ([0-9]{2}) \|", table))
        == {case.code for case in PpobCase}
        == set(re.findall(r"\b([0-9]{2}) \|", table))
    )


def test_the_pages_codes_are_ours() -> None:
    known = {case.code(service) for case in Case for service in Service}
    codes = set(re.findall(r"\b[2-5][0-9]{6}\b", PAGE))
    assert len(codes) > 25
    assert codes <= known


def test_the_page_names_every_difference() -> None:
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE)) == set(Difference)
