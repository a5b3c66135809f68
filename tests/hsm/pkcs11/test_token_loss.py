# SPDX-License-Identifier: Apache-2.0
"""A token that goes away and comes back: a typed error at once, recovery by itself, and never an answer by another key."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage
from hsm.errors import KeyObjectWrong, TokenFault, TokenLost, TokenRecordDamaged, UnsealRefused
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyDescription
from hsm.stores.open_keys import open_custody, open_store
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.contract.test_key_custody import use as answer_of
from tests.hsm.documents import NOW
from tests.hsm.running import ROOT
from tests.hsm.softhsm import SoftHsm

pytestmark = pytest.mark.needs("softhsm2")
PURPOSES = (Purpose.AUDIT, Purpose.CARD_MASTER, Purpose.SEAL, Purpose.PSEUDONYM)


class HandClock:
    """Monotonic seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def softhsm(tmp_path: Path) -> SoftHsm:
    softhsm = SoftHsm(tmp_path / "hsm")
    with softhsm.custody() as custody:
        for purpose in PURPOSES:
            custody.generate(plan(purpose), NOW)
    return softhsm


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(softhsm: SoftHsm, clock: HandClock) -> "TokenUnderTest":
    softhsm.enter()
    return TokenUnderTest(softhsm, clock)


class TokenUnderTest:
    """A store whose folder a test takes away and brings back, and the keys that it had."""

    def __init__(self, softhsm: SoftHsm, clock: HandClock) -> None:
        self.folder, self.away = softhsm.tokens, softhsm.tokens.with_name("away")
        self.clock = clock
        self.store = open_store(KeyPlaces(softhsm.uri()), monotonic=clock)
        self.keys = {key.purpose: key for key in self.store.descriptions()}
        self.answers = {key.kid: answer_of(self.store, key) for key in self.keys.values()}

    def vanish(self) -> None:
        self.folder.rename(self.away)

    def come_back(self) -> None:
        self.away.rename(self.folder)

    def asks(self, key: KeyDescription) -> None:
        """Ask the token something that it has to work for."""
        match key.purpose:
            case Purpose.AUDIT:
                self.store.sign_es256(key, b"words")
            case Purpose.CARD_MASTER:
                parts = Diversification(DiversificationScheme.KJS_DIV_1, KeyUsage.ENC, 1, 0, bytes(10), 32)
                self.store.check_value(self.store.derive(key, parts))
            case Purpose.SEAL:
                self.store.new_data_key(key)
            case _:
                self.store.hmac(key, b"words")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_while_the_token_is_away_callers_are_told_and_nothing_is_answered(
    store: TokenUnderTest, purpose: Purpose
) -> None:
    key = store.keys[purpose]
    store.vanish()
    for _ in range(3):
        with pytest.raises(TokenLost):
            store.asks(key)
    store.come_back()
    store.clock.now += 1
    store.asks(key)
    assert answer_of(store.store, key) == store.answers[key.kid]


def test_sabotage_with_handles_kept_for_ever_the_keys_never_come_back(
    store: TokenUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.keys[Purpose.AUDIT]
    monkeypatch.setattr(type(store.store), "_answers", lambda *_: True)
    store.vanish()
    with pytest.raises(TokenFault):
        store.asks(key)
    store.come_back()
    for _ in range(3):
        store.clock.now += 1
        with pytest.raises(TokenFault):
            store.asks(key)


def test_between_two_tries_callers_are_told_without_a_look(store: TokenUnderTest) -> None:
    key = store.keys[Purpose.PSEUDONYM]
    store.vanish()
    with pytest.raises(TokenLost):
        store.asks(key)
    store.come_back()
    with pytest.raises(TokenLost, match="a moment ago"):
        store.asks(key)
    store.clock.now += 0.25
    store.asks(key)


def test_twenty_losses_in_a_row_are_survived(store: TokenUnderTest) -> None:
    for _ in range(20):
        store.vanish()
        with pytest.raises(TokenLost):
            store.asks(store.keys[Purpose.AUDIT])
        store.come_back()
        store.clock.now += 1
        for key in store.keys.values():
            assert answer_of(store.store, key) == store.answers[key.kid]


def test_an_empty_folder_is_a_lost_token_until_the_token_is_there(store: TokenUnderTest) -> None:
    key = store.keys[Purpose.AUDIT]
    store.vanish()
    store.folder.mkdir(mode=0o700)
    for _ in range(3):
        store.clock.now += 1
        with pytest.raises(TokenLost, match="0 tokens"):
            store.asks(key)
    store.folder.rmdir()
    store.come_back()
    store.clock.now += 1
    store.asks(key)


def another_token(softhsm: SoftHsm, tmp_path: Path) -> SoftHsm:
    """A token of the same name and PIN whose keys have the same names, and are others."""
    other = SoftHsm(tmp_path / "other")
    other.enter()
    names = iter([b"name-no1", b"name-no2"] * 2)

    def randomness(length: int) -> bytes:
        return next(names) if length == 8 else os.urandom(length)

    with open_custody(KeyPlaces(other.uri()), randomness=randomness) as custody:
        custody.bring_in(plan(Purpose.PSEUDONYM), bytearray(b"\x01" * 32), NOW)
    softhsm.enter()
    with open_custody(KeyPlaces(softhsm.uri()), randomness=randomness) as custody:
        for key in custody.store.descriptions():
            custody.destroy(key)
        next(names)
        custody.bring_in(plan(Purpose.PSEUDONYM), bytearray(b"\x02" * 32), NOW)
    return other


def swapped(softhsm: SoftHsm, tmp_path: Path, clock: HandClock) -> tuple[TokenUnderTest, bytes]:
    """A store whose token was swapped for the other one, and what its key answered before."""
    other = another_token(softhsm, tmp_path)
    test = TokenUnderTest(softhsm, clock)
    (key,) = test.keys.values()
    before = test.store.hmac(key, b"words")
    test.vanish()
    shutil.copytree(other.tokens, test.folder)
    test.clock.now += 1
    return test, before


def test_another_token_of_the_same_name_answers_for_no_key(softhsm: SoftHsm, tmp_path: Path, clock: HandClock) -> None:
    test, before = swapped(softhsm, tmp_path, clock)
    (key,) = test.keys.values()
    with pytest.raises(TokenLost, match="without key"):
        test.store.hmac(key, b"words")
    shutil.rmtree(test.folder)
    test.come_back()
    test.clock.now += 1
    assert test.store.hmac(key, b"words") == before


def test_sabotage_without_the_comparison_another_key_answers(
    softhsm: SoftHsm, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.pkcs11 import token_store  # noqa: PLC0415 - an optional part

    test, before = swapped(softhsm, tmp_path, clock)
    (key,) = test.keys.values()
    monkeypatch.setattr(token_store, "refuse_other_keys", lambda *_: None)
    assert test.store.hmac(key, b"words") != before


def test_an_empty_object_file_planted_in_the_token_changes_nothing(softhsm: SoftHsm, clock: HandClock) -> None:
    test = TokenUnderTest(softhsm, clock)
    (token,) = (path for path in softhsm.tokens.iterdir() if path.is_dir())
    for ending in ("object", "lock"):
        (token / f"deadbeef-0000-0000-0000-000000000000.{ending}").touch(mode=0o600)
    for key in test.keys.values():
        assert answer_of(test.store, key) == test.answers[key.kid]
    assert len(softhsm.store().descriptions()) == len(PURPOSES)
    with softhsm.custody() as custody:
        custody.generate(plan(Purpose.BLIND_INDEX), NOW)
    assert len(softhsm.store().descriptions()) == len(PURPOSES) + 1


def test_a_file_that_was_emptied_is_noticed_and_named(softhsm: SoftHsm, clock: HandClock) -> None:
    (token,) = (path for path in softhsm.tokens.iterdir() if path.is_dir())
    files = sorted(token.glob("*-*.object"))
    assert len(files) == 2 * len(PURPOSES) + 1  # keys, descriptions, and the key of the descriptions
    for file in files:
        content = file.read_bytes()
        file.write_bytes(b"")
        softhsm.restart()
        with pytest.raises((KeyObjectWrong, TokenRecordDamaged)) as caught:
            softhsm.store()
        assert caught.value.evidence
        file.write_bytes(content)
    softhsm.restart()
    test = TokenUnderTest(softhsm, clock)
    assert len(test.keys) == len(PURPOSES)


def test_a_full_disk_refuses_new_keys_and_keeps_the_old(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-m", "tests.hsm.on_full_disk", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    full, refused, kept, then = done.stdout.splitlines()
    assert (full, refused) == ("full", TokenFault.code)
    assert kept in {f"kept {count} of {count}" for count in range(3, 200)}
    assert int(then.split()[-1]) == int(kept.split()[-1]) + 1


def test_a_refused_request_is_no_loss(store: TokenUnderTest) -> None:
    with pytest.raises(UnsealRefused):
        store.store.unwrapped_data_key(store.keys[Purpose.SEAL], bytes(40))
    generation = store.store._session.generation  # type: ignore[attr-defined] # a token's store
    assert store.store._session.module.generation == generation  # type: ignore[attr-defined] # as above


def test_static_keys_are_derived_again_after_a_loss(store: TokenUnderTest) -> None:
    master = store.keys[Purpose.CARD_MASTER]
    parts = Diversification(DiversificationScheme.KJS_DIV_1, KeyUsage.ENC, 1, 0, bytes(10), 32)
    static = store.store.derive(master, parts)
    mac = store.store.cmac_function(static)
    before = mac(b"message")
    store.vanish()
    with pytest.raises(TokenLost):
        store.store.check_value(static)
    store.come_back()
    store.clock.now += 1
    assert mac(b"message") == before
