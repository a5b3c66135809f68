# SPDX-License-Identifier: Apache-2.0
"""Words for every error of this room, in both languages."""

import tomllib
from pathlib import Path

from cardservice import credentials
from cardservice.credentials import errors
from cardservice.errors import KartuError


def test_every_error_has_words() -> None:
    texts = tomllib.loads(
        (Path(credentials.__file__).parents[1] / "texts" / "credentials.toml").read_text(encoding="utf-8")
    )
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KartuError)]
    codes = {kind.code for kind in kinds} - {KartuError.code}
    assert len(codes) == len(kinds) - 1
    assert codes == texts.keys()
    assert all(set(entry) == {"cause_id", "cause_en", "remedy_id", "remedy_en"} for entry in texts.values())
