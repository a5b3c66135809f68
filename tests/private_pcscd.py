# SPDX-License-Identifier: Apache-2.0
"""A private pcscd for one test run: skipped where the machine can't, failed where KARTU_REQUIRE demands pcscd."""

import os

import pytest

from reader_tools.virtual.private_pcscd import READERS, PrivatePcscd, missing

__all__ = ["READERS", "PrivatePcscd", "missing", "require"]


def require() -> None:
    """Skip the test where a private pcscd can't run; fail it where KARTU_REQUIRE demands pcscd."""
    reason = missing()
    if reason is None:
        return
    if {"all", "pcscd"} & set(os.environ.get("KARTU_REQUIRE", "").split(",")):
        pytest.fail(reason)
    pytest.skip(reason)
