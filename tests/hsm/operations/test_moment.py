# SPDX-License-Identifier: Apache-2.0
"""Requests of one frame share a look at the clock for a moment only: a key that ends while a long frame is worked off signs no more of it."""

import time
from datetime import timedelta
from typing import Any

import pytest

from cardservice.keys import Purpose
from hsm.errors import DocumentRefused
from hsm.keys.crypto_periods import CRYPTO_PERIODS, ROTATION_OVERLAP
from hsm.keys.key_store import KeyDescription
from hsm.process import answering
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW, token_input
from tests.hsm.raw_caller import RawCaller
from tests.hsm.running import SetClock, serving

TAKES_OVER = NOW + CRYPTO_PERIODS[Purpose.ELIGIBILITY_TOKEN].making - ROTATION_OVERLAP  # the next token key
LONG_FRAME = 100
SIGNED_BEFORE = 10


def answers_of_a_slow_token(bundle: KeyBundle, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A frame of documents for the first key, each of whose signatures takes a second by the clock and longer than a moment on the machine's."""
    clock = SetClock()
    kid = next(each.description.kid for each in bundle.keys if each.description.purpose is Purpose.ELIGIBILITY_TOKEN)
    sign = SoftwareStore.sign_es256

    def slowly(self: SoftwareStore, key: KeyDescription, message: bytes) -> bytes:
        signature = sign(self, key, message)
        clock.time += timedelta(seconds=1)
        time.sleep(answering.MOMENT if answering.MOMENT < 1 else 0)
        return signature

    monkeypatch.setattr(SoftwareStore, "sign_es256", slowly)
    with serving(bundle, clock) as path, RawCaller(path) as caller:
        caller.peer.settimeout(30)
        clock.time = TAKES_OVER - timedelta(seconds=SIGNED_BEFORE)
        documents = [token_input(kid, now=TAKES_OVER, jti=f"j{number}") for number in range(LONG_FRAME)]
        told: list[Any] = caller.ask(*[["sign-eligibility-token", document] for document in documents])
    return told


def test_a_key_that_ends_while_a_long_frame_is_worked_off_signs_no_more_of_it(
    bundle: KeyBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = answers_of_a_slow_token(bundle, monkeypatch)
    assert len(told) == LONG_FRAME
    assert [code for code, *_ in told[:SIGNED_BEFORE]] == [0] * SIGNED_BEFORE
    assert {tuple(answer[:2]) for answer in told[SIGNED_BEFORE:]} == {(1, DocumentRefused.code)}


def test_sabotage_a_moment_that_does_not_end_would_sign_with_an_ended_key(
    bundle: KeyBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOMENT", 3600.0)
    told = answers_of_a_slow_token(bundle, monkeypatch)
    assert sum(code == 0 for code, *_ in told) == answering.PORTION > SIGNED_BEFORE
