# SPDX-License-Identifier: Apache-2.0
"""A folder of rule packs with a key of its own: the shipped pack, and what a test changes of it."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.signed_pack import CONTEXT
from cardservice.credentials import base64url
from cardservice.rule_folder import SHIPPED_FOLDER, load_rule_packs

_KEY = ec.derive_private_key(11, ec.SECP256R1())
_SHIPPED = (SHIPPED_FOLDER / "bpu-2026.yaml").read_bytes()


@dataclass(frozen=True)
class PackFolder:
    folder: Path

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    def put(self, name: str, *changes: tuple[str, str]) -> Path:
        """The shipped pack, changed and signed."""
        document = _SHIPPED.decode()
        for before, after in changes:
            assert before in document
            document = document.replace(before, after, 1)
        r, s = decode_dss_signature(_KEY.sign(CONTEXT + document.encode(), ec.ECDSA(hashes.SHA256())))
        path = self.folder / f"{name}.yaml"
        path.write_text(document)
        path.with_name(f"{name}.yaml.sig").write_text(base64url.encode(r.to_bytes(32) + s.to_bytes(32)) + "\n")
        return path

    def put_two_months_of_grace(self, dated: str) -> Path:
        """A second pack, in force from a day on."""
        return self.put(
            "grace-2",
            ("number: 1", "number: 2"),
            ("name: bpu-2026", "name: grace-2"),
            ('dated: "2025-12-22"', f'dated: "{dated}"'),
            ("months: 3\n", "months: 2\n"),
        )

    def put_dearer(self, dated: str) -> Path:
        """A third pack, by which death cover costs more, in all months: a law that is backward, or a mistake."""
        return self.put(
            "dearer",
            ("number: 1", "number: 3"),
            ("name: bpu-2026", "name: dearer"),
            ('dated: "2025-12-22"', f'dated: "{dated}"'),
            ("minimum_rupiah: 6800", "minimum_rupiah: 9800"),
        )

    def load(self) -> PacksInForce:
        return load_rule_packs(self.folder, self.key)


def pack_folder(folder: Path) -> PackFolder:
    """With the shipped pack, signed by the test's key."""
    folder.mkdir(exist_ok=True)
    made = PackFolder(folder)
    made.key.write_bytes(_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    made.put("bpu-2026")
    return made
