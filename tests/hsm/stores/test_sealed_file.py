# SPDX-License-Identifier: Apache-2.0
import os
import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.errors import (
    KeyFileDamaged,
    KeyFileError,
    KeyFileExists,
    KeyFileMissing,
    KeyFileUnprotected,
    KeyFileUnwritable,
    WrongPassphrase,
)
from hsm.machine import protected_file
from hsm.machine.protected_file import locked
from hsm.stores import sealed_file
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_file import (
    HEADER_LENGTH,
    MAX_FILE_LENGTH,
    TAG_LENGTH,
    Argon2Parameters,
    create_sealed,
    open_sealed,
    replace_sealed,
    seal,
    unseal,
    unseal_and_keep,
)

CHEAP = Argon2Parameters(memory_kib=19 * 1024, iterations=2, lanes=1)
PASSPHRASE = b"correct horse battery"
CONTENT = b"the content of a key file"
FILE = seal(CONTENT, PASSPHRASE, os.urandom, CHEAP)


def test_what_was_sealed_opens(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create_sealed(path, CONTENT, PASSPHRASE, os.urandom, CHEAP)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_sealed(path, bytearray(PASSPHRASE)) == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]
    assert CONTENT not in path.read_bytes()


def test_two_files_of_one_content_share_nothing() -> None:
    other = seal(CONTENT, PASSPHRASE, os.urandom, CHEAP)
    assert other[21:] != FILE[21:]
    assert other[HEADER_LENGTH : HEADER_LENGTH + 8] != FILE[HEADER_LENGTH : HEADER_LENGTH + 8]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"older keys")
    with pytest.raises(KeyFileExists):
        create_sealed(path, CONTENT, PASSPHRASE, os.urandom, CHEAP)
    assert path.read_bytes() == b"older keys"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    path, most = tmp_path / "keys", MAX_FILE_LENGTH - HEADER_LENGTH - TAG_LENGTH
    create_sealed(path, bytes(most), PASSPHRASE, os.urandom, CHEAP)
    content, sealing = unseal_and_keep(path.read_bytes(), PASSPHRASE)
    with pytest.raises(KeyFileUnwritable, match=str(MAX_FILE_LENGTH)):
        replace_sealed(path, content + b"!", sealing, os.urandom)
    assert open_sealed(path, PASSPHRASE) == content
    with pytest.raises(KeyFileUnwritable):
        create_sealed(tmp_path / "other", content + b"!", PASSPHRASE, os.urandom, CHEAP)


def test_what_a_killed_process_of_the_same_number_left_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    (tmp_path / f".keys.{os.getpid()}.draft").write_bytes(b"half a file")
    create_sealed(path, CONTENT, PASSPHRASE, os.urandom, CHEAP)
    assert open_sealed(path, PASSPHRASE) == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


@pytest.mark.parametrize("name", ["absent/keys", "k" * 300])
def test_what_can_not_be_written_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnwritable):
        create_sealed(tmp_path / name, CONTENT, PASSPHRASE, os.urandom, CHEAP)
    with pytest.raises(KeyFileUnwritable), locked(tmp_path / name):
        pass


def test_a_wrong_passphrase_is_told_apart_from_damage() -> None:
    with pytest.raises(WrongPassphrase):
        unseal(FILE, PASSPHRASE + b"!")
    with pytest.raises(KeyFileDamaged):
        unseal(FILE[:-1] + bytes([FILE[-1] ^ 1]), PASSPHRASE)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 8 * len(FILE) - 1))
def test_any_flipped_bit_is_damage(bit: int) -> None:
    changed = bytearray(FILE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyFileDamaged):
        unseal(bytes(changed), PASSPHRASE)


@pytest.mark.parametrize("length", [0, 1, 8, HEADER_LENGTH, HEADER_LENGTH + 15, len(FILE) - 1])
def test_a_cut_file_is_damage(length: int) -> None:
    with pytest.raises(KeyFileDamaged):
        unseal(FILE[:length], PASSPHRASE)


@pytest.mark.parametrize(
    "parameters",
    [Argon2Parameters(8, 1, 1), Argon2Parameters(1 << 31, 3, 4), Argon2Parameters(65536, 1 << 30, 4)],
    ids=["weak", "all-memory", "for-ever"],
)
def test_parameters_out_of_bounds_are_refused_before_they_cost_anything(
    parameters: Argon2Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_file, "_stretch", lambda *_: (bytes(32), bytes(16)))
    forged = seal(CONTENT, PASSPHRASE, os.urandom, parameters)
    with pytest.raises(KeyFileDamaged) as caught:
        unseal(forged, PASSPHRASE)
    assert "bounds" in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys"
    create_sealed(path, CONTENT, PASSPHRASE, os.urandom, CHEAP)
    path.chmod(mode)
    with pytest.raises(KeyFileUnprotected):
        open_sealed(path, PASSPHRASE)


def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path = tmp_path / "keys"
    create_sealed(path, CONTENT, PASSPHRASE, os.urandom, CHEAP)
    os.chown(path, 65534, 65534)
    with pytest.raises(KeyFileUnprotected):
        open_sealed(path, PASSPHRASE)


def test_no_file_a_folder_a_pipe_or_a_link_is_refused(tmp_path: Path) -> None:
    create_sealed(tmp_path / "keys", CONTENT, PASSPHRASE, os.urandom, CHEAP)
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileMissing):
        open_sealed(tmp_path / "nothing", PASSPHRASE)
    for name in ("link", "folder", "pipe"):
        with pytest.raises(KeyFileUnprotected):
            open_sealed(tmp_path / name, PASSPHRASE)


@given(st.binary(max_size=200))
def test_arbitrary_content_gives_our_error_only(content: bytes) -> None:
    with pytest.raises(KeyFileError):
        KeyBundle.decode(content)


def test_a_bundle_survives_its_encoding(bundle: KeyBundle) -> None:
    assert KeyBundle.decode(bundle.encode()) == bundle


def refuses_open_file(tmp_path: Path) -> bool:
    path = tmp_path / "open"
    path.write_bytes(FILE)
    path.chmod(0o644)
    try:
        open_sealed(path, PASSPHRASE)
    except KeyFileUnprotected:
        return True
    return False


def test_sabotage_without_the_look_at_the_mode_an_open_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refuses_open_file(tmp_path)
    monkeypatch.setattr(protected_file, "refuse_open_to_others", lambda *_: None)
    assert not refuses_open_file(tmp_path)


def test_the_header_is_associated_data() -> None:
    header, body = FILE[:HEADER_LENGTH], FILE[HEADER_LENGTH:]
    key, _ = sealed_file._stretch(PASSPHRASE, header[21:37], CHEAP)
    assert AESGCM(key).decrypt(header[53:65], body, header) == CONTENT
    with pytest.raises(InvalidTag):
        AESGCM(key).decrypt(header[53:65], body, None)
