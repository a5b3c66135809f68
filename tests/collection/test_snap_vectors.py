# SPDX-License-Identifier: Apache-2.0
"""SNAP's strings to sign: the vector of the facts, white space that counts and white space that does not, RFC 3986."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection.snap.endpoint_url import endpoint_url
from cardservice.collection.snap.minify import minify
from cardservice.collection.snap.signature import (
    Encoding,
    asymmetric_string,
    body_hash,
    hmac_sha512,
    symmetric_string,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "snap.json").read_text())
SYMMETRIC = VECTORS["symmetric"]


def test_the_vector_of_the_facts() -> None:
    given_ = SYMMETRIC
    signed = symmetric_string(
        given_["method"],
        endpoint_url(given_["path"]),
        given_["access_token"],
        given_["body"].encode(),
        given_["timestamp"],
    )
    assert signed.decode() == given_["string_to_sign"]
    signature = hmac_sha512(given_["secret"].encode(), signed)
    assert Encoding.BASE64.write(signature) == given_["base64"]
    assert Encoding.HEX.write(signature) == given_["hex"]
    for encoding in Encoding:
        assert encoding.read(given_[encoding.value]) == signature


def test_the_string_without_a_token_leaves_the_token_out() -> None:
    signed = asymmetric_string("POST", "/v1.0/x", SYMMETRIC["body"].encode(), SYMMETRIC["timestamp"])
    assert signed.decode() == SYMMETRIC["string_to_sign"].replace(
        "/v1.0/transfer-va/inquiry:test-access-token", "/v1.0/x"
    )


def test_an_empty_body_hashes_as_the_empty_string() -> None:
    assert body_hash(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("sent", "minified"), VECTORS["minify"])
def test_white_space_outside_strings_goes(sent: str, minified: str) -> None:
    assert minify(sent.encode()).decode() == minified


def test_sabotage_padding_that_is_trimmed_breaks_the_signature() -> None:
    """partnerServiceId is padded with spaces that count: whoever minifies them away signs something else."""
    body = SYMMETRIC["body"].encode()
    assert body_hash(body) != body_hash(body.replace(b"   88899", b"88899"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_minify_is_what_a_compact_writer_writes(value: object) -> None:
    for ascii_only in (True, False):
        compact = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
        spaced = json.dumps(value, ensure_ascii=ascii_only, indent=3)
        encoded = spaced.encode("utf-8", "surrogatepass")
        assert minify(encoded) == compact.encode("utf-8", "surrogatepass")
        assert minify(minify(encoded)) == minify(encoded)


@given(st.binary(max_size=200))
def test_minify_takes_any_octets(octets: bytes) -> None:
    assert minify(minify(octets)) == minify(octets)


@pytest.mark.parametrize(("path", "query", "signed"), VECTORS["endpoint_url"])
def test_endpoint_url(path: str, query: str, signed: str) -> None:
    assert endpoint_url(path, query) == signed


@pytest.mark.parametrize("text", ["", "=", "TeuR2_k3iHg=", "QQ", "QR==", "é", "QQ==\n", " QQ=="])
def test_base64_has_one_spelling(text: str) -> None:
    assert Encoding.BASE64.read(text) is None
    assert Encoding.BASE64.read("QQ==") == b"A"


@pytest.mark.parametrize("text", ["", "4DEB91db", "4deb91d", " 4deb", "4deb\n", "0x4d", "TeuR"])
def test_hexadecimal_has_one_spelling_in_either_case(text: str) -> None:
    assert Encoding.HEX.read(text) is None
    assert Encoding.HEX.read("4DEB") == Encoding.HEX.read("4deb") == b"\x4d\xeb"
