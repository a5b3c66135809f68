# SPDX-License-Identifier: Apache-2.0
"""The independent host is not forgotten: where everything is required, its absence is a failure and no silent skip."""

import importlib.metadata

import pytest


@pytest.mark.needs("yubikit")
def test_the_oracle_is_the_version_that_the_facts_name() -> None:
    assert importlib.metadata.version("yubikey-manager") == "5.9.2"
