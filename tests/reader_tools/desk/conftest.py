# SPDX-License-Identifier: Apache-2.0
"""The counter of the issuance tests, where real cards are made."""

from tests.databases import migrated_sqlite
from tests.issuance.conftest import counter, made_store, open_counter

__all__ = ["counter", "made_store", "migrated_sqlite", "open_counter"]
