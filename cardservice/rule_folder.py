# SPDX-License-Identifier: Apache-2.0
"""The folder of rule packs, read once at the start of a program: every ``NAME.yaml`` signed in ``NAME.yaml.sig``, or no start (decision 0134)."""

from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cardservice.coverage.errors import RulePackFileRefused, RulePackRefused
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.rule_pack import RulePack
from cardservice.coverage.signed_pack import open_pack
from cardservice.coverage.strict_yaml import MOST_BYTES
from cardservice.credentials import base64url

SHIPPED_FOLDER = Path(__file__).parents[1] / "rule_packs"
KEY_NAME = "scheme-rules-key.pem"
SHIPPED_KEY = SHIPPED_FOLDER / KEY_NAME
MOST_KEY = 4_096
MOST_SIGNATURE = 128


def load_rule_packs(folder: Path | None = None, key_file: Path | None = None) -> PacksInForce:
    """All packs of a folder under the scheme's public key for rules (PEM, P-256); by default those that come with the code.

    Raises RulePackFileRefused: file, field, rule.
    """
    place = folder or SHIPPED_FOLDER
    key = _key(key_file or SHIPPED_KEY)
    packs = [_pack(path, key) for path in sorted(_listed(place))]
    try:
        return PacksInForce.of(packs)
    except RulePackRefused as refused:
        raise _refusal(place, refused) from None


def key_fingerprint(key_file: Path | None = None) -> str:
    """The SHA-256 of the public key that packs are held against (DER, SubjectPublicKeyInfo): 16 hexadecimal digits. Raises RulePackFileRefused."""
    key = _key(key_file or SHIPPED_KEY)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()[:16]


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.suffix == ".yaml"]
    except OSError as failed:
        raise RulePackFileRefused(file=str(folder), field="-", rule=failed.strerror or "a folder") from None


def _pack(path: Path, key: ec.EllipticCurvePublicKey) -> RulePack:
    document = _read(path, MOST_BYTES)
    text = _read(path.with_name(path.name + ".sig"), MOST_SIGNATURE).decode("ascii", "replace").strip()
    try:
        return open_pack(document, base64url.decode(text) or b"", key)
    except RulePackRefused as refused:
        raise _refusal(path, refused) from None


def _refusal(path: Path, refused: RulePackRefused) -> RulePackFileRefused:
    field, line = refused.evidence.get("field", "signature"), refused.evidence.get("line")
    place = field if line is None else f"{field} (line {line})"
    return RulePackFileRefused(file=str(path), field=place, rule=refused.evidence.get("rule", refused.code))


def _key(path: Path) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_pem_public_key(_read(path, MOST_KEY))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise RulePackFileRefused(file=str(path), field="-", rule="a public key on P-256 in PEM")
    return key


def _read(path: Path, most: int) -> bytes:
    """All of it, or ``most`` + 1 octets where it is longer, so that whoever parses it sees its limit broken."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as failed:
        raise RulePackFileRefused(file=str(path), field="-", rule=failed.strerror or "readable") from None
