# SPDX-License-Identifier: Apache-2.0
"""The counter of the issuance tests, where real cards are made."""

from tests.issuance.conftest import counter, made_keys, open_counter

__all__ = ["counter", "made_keys", "open_counter"]
