# SPDX-License-Identifier: Apache-2.0
"""URIs of keys: RFC 7512 read strictly, and written so that they read back the same."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.errors import KeyUriRefused
from hsm.keys import key_uri
from hsm.keys.key_uri import FileUri, PinSource, TokenUri, read_key_uri

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "pin-source=file:/etc/pin"
REST = f"module-path={MODULE}&{PIN}"


def test_a_token_is_read() -> None:
    uri = read_key_uri(f"pkcs11:token=Kartu%20CA;serial=3557b062a0d8fb17?{PIN}&module-path={MODULE}")
    assert uri == TokenUri(
        MODULE, PinSource(path=Path("/etc/pin")), {"token": "Kartu CA", "serial": "3557b062a0d8fb17"}
    )
    assert isinstance(uri, TokenUri)
    assert uri.token_name == "token=Kartu CA;serial=3557b062a0d8fb17"


def test_a_file_is_read() -> None:
    assert read_key_uri("file:/var/lib/kartu/keys%20a?pin-source=fd:3") == FileUri(
        Path("/var/lib/kartu/keys a"), PinSource(descriptor=3)
    )
    assert read_key_uri("file:///keys?pin-source=fd:0") == FileUri(Path("/keys"), PinSource(descriptor=0))


def test_the_scheme_has_no_case_and_values_may_be_encoded() -> None:
    assert read_key_uri(f"PKCS11:token=%6Bartu?{REST}") == read_key_uri(f"pkcs11:token=kartu?{REST}")
    plain = read_key_uri(f"pkcs11:token=a&b(c)?{REST}")
    assert isinstance(plain, TokenUri)
    assert plain.attributes == {"token": "a&b(c)"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "begins with"),
        ("/var/lib/keys", "begins with"),
        ("http://x", "begins with"),
        (f"pkcs11:?{REST}", "names a token"),
        (f"pkcs11:model=x?{REST}", "names a token"),
        (f"pkcs11:token=?{REST}", "not empty"),
        (f"pkcs11:token=a;token=b?{REST}", "given once"),
        (f"pkcs11:token=a;object=b?{REST}", "attributes known"),
        (f"pkcs11:token=a;id=%01?{REST}", "attributes known"),
        (f"pkcs11:token=a;slot-id=1?{REST}", "attributes known"),
        (f"pkcs11:token=a;x-vendor=b?{REST}", "attributes known"),
        (f"pkcs11:token=a;?{REST}", "attributes known"),
        (f"pkcs11:Token=a?{REST}", "attributes known"),
        (f"pkcs11:token=a%2?{REST}", "percent-encoded"),
        (f"pkcs11:token=a b?{REST}", "percent-encoded"),
        (f"pkcs11:token=a#b?{REST}", "percent-encoded"),
        (f"pkcs11:token=%FF?{REST}", "UTF-8"),
        (f"pkcs11:token=a%00?{REST}", "printable"),
        (f"pkcs11:token=a%0A?{REST}", "printable"),
        (f"pkcs11:token=a?{PIN}", "module-path"),
        (f"pkcs11:token=a?module-path=softhsm.so&{PIN}", "module-path"),
        (f"pkcs11:token=a?module-path=/a/../b&{PIN}", "module-path"),
        (f"pkcs11:token=a?module-name=softhsm&{PIN}", "attributes known"),
        (f"pkcs11:token=a?module-path={MODULE}", "pin-source"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-value=1234", "no PIN in a URI"),
        (f"pkcs11:token=a;pin-value=1234?{REST}", "no PIN in a URI"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=|cat", "pin-source"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=/etc/pin", "pin-source"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=file:pin", "pin-source"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=fd:-1", "pin-source"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=fd:03", "pin-source"),
        (f"pkcs11:token=a?module-path={MODULE}&pin-source=fd:٣", "percent-encoded"),
        ("file:keys?" + PIN, "absolute path"),
        ("file://host/keys?" + PIN, "absolute path"),
        ("file:/keys", "pin-source"),
        ("file:/a/../keys?" + PIN, "absolute path"),
        ("file:/a//keys?" + PIN, "absolute path"),
        ("file:/keys?mode=r&" + PIN, "attributes known"),
        ("file:/" + "k" * 3000, "at most"),
    ],
)
def test_what_is_not_a_place_is_refused_with_the_rule(text: str, rule: str) -> None:
    with pytest.raises(KeyUriRefused, match=rule):
        read_key_uri(text)


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(KeyUriRefused) as caught:
        read_key_uri(f"pkcs11:token=a?module-path={MODULE}&pin-value=839201")
    assert "839201" not in str(caught.value)


WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12).filter(str.isprintable)
PATHS = st.lists(WORDS.filter(lambda word: "/" not in word and word not in {".", ".."}), min_size=1, max_size=3).map(
    lambda parts: Path("/" + "/".join(parts))
)
PINS = st.one_of(
    PATHS.map(lambda path: PinSource(path=path)), st.integers(0, 9999).map(lambda n: PinSource(descriptor=n))
)
TOKENS = st.builds(
    TokenUri,
    PATHS,
    PINS,
    st.dictionaries(st.sampled_from(key_uri.TOKEN_ATTRIBUTES), WORDS).filter(
        lambda names: {"token", "serial"} & set(names)
    ),
)


@given(st.one_of(TOKENS, st.builds(FileUri, PATHS, PINS)))
def test_what_is_written_reads_back_the_same(uri: FileUri | TokenUri) -> None:
    assert read_key_uri(str(uri)) == uri


@given(st.one_of(st.text(), st.text().map("pkcs11:".__add__), st.text().map(f"pkcs11:token=a?{REST}&".__add__)))
def test_arbitrary_text_gives_our_error_only(text: str) -> None:
    # Nearly never a URI; and if it is one, it reads back the same.
    with suppress(KeyUriRefused):
        uri = read_key_uri(text)
        assert read_key_uri(str(uri)) == uri
