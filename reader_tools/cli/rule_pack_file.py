# SPDX-License-Identifier: Apache-2.0
"""A rule pack on disk: ``NAME.yaml``, its signature beside it in ``NAME.yaml.sig`` (base64url), and the keys for both, in PEM."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from cardservice.coverage.rule_pack import RulePack, read_rule_pack
from cardservice.coverage.signed_pack import CONTEXT, open_pack
from cardservice.coverage.strict_yaml import MOST_BYTES
from cardservice.credentials import base64url
from reader_tools.cli.named_file import read_named
from reader_tools.errors import FileUnreadable

MOST_KEY = 4_096
MOST_SIGNATURE = 128


def signature_file(pack: Path) -> Path:
    """Where the signature of a pack lies."""
    return pack.with_name(pack.name + ".sig")


def read_pack(path: Path, key: Path | None) -> RulePack:
    """Read a pack; ``key`` is the scheme's public key for rules, None for a draft that nobody signed yet.

    Raises FileUnreadable, RulePackUnsigned, RulePackMalformed.
    """
    document = read_named(path, MOST_BYTES)
    if key is None:
        return read_rule_pack(document)
    text = read_named(signature_file(path), MOST_SIGNATURE).decode("ascii", "replace").strip()
    return open_pack(document, base64url.decode(text) or b"", _public_key(key))


def sign_pack(path: Path, key: Path) -> RulePack:
    """Check a draft and write its signature beside it. Raises FileUnreadable, RulePackMalformed."""
    document = read_named(path, MOST_BYTES)
    pack = read_rule_pack(document)
    private_key = _private_key(key)
    r, s = decode_dss_signature(private_key.sign(CONTEXT + document, ec.ECDSA(hashes.SHA256())))
    text = base64url.encode(r.to_bytes(32) + s.to_bytes(32))
    signature_file(path).write_text(text + "\n", encoding="ascii")
    return pack


def new_key(path: Path) -> Path:
    """Make a key for rules: the private half closed to others, the public one beside it as ``.pub.pem``. Raises FileUnreadable where one is."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    private = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - the mode has to be there from the first moment
            file.write(private)
        public_path = path.with_suffix(".pub.pem")
        public_path.write_bytes(public)
    except OSError as failed:
        raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be written") from None
    return public_path


def _public_key(path: Path) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_pem_public_key(read_named(path, MOST_KEY))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise FileUnreadable(path=str(path), rule="a public key on P-256 in PEM")
    return key


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(read_named(path, MOST_KEY), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FileUnreadable(path=str(path), rule="a private key on P-256 in PEM, without a passphrase")
    return key
