# SPDX-License-Identifier: Apache-2.0
"""The scheme's public keys as this desk last saw them, for the hours when the line is down."""

from dataclasses import dataclass
from pathlib import Path

from cardservice.credentials import jwks
from cardservice.keys import VerifyingKey
from reader_tools.desk.errors import KeysNotCached
from reader_tools.desk.http_client import Service

COVER_PROOF_KEYS = "cover-proof-keys.json"
TOKEN_KEYS = "jwks.json"  # noqa: S105 - the name of a public file


@dataclass(frozen=True, slots=True)
class KeyCache:
    """A folder with two JWK sets."""

    folder: Path

    def refresh(self, service: Service) -> None:
        """Fetch both sets; what does not read as a key set of ours is refused and the old one stays. Raises KeyRefused and the service's errors."""
        for name in (COVER_PROOF_KEYS, TOKEN_KEYS):
            document = service.fetch(f"/.well-known/{name}")
            jwks.decode(document)
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = self.folder / f".{name}.new"
            aside.write_bytes(document)
            aside.replace(self.folder / name)

    def cover_proof_keys(self) -> list[VerifyingKey]:
        """Keys of cover proofs. Raises KeysNotCached."""
        return self._read(COVER_PROOF_KEYS)

    def token_keys(self) -> list[VerifyingKey]:
        """Keys of eligibility tokens. Raises KeysNotCached."""
        return self._read(TOKEN_KEYS)

    def _read(self, name: str) -> list[VerifyingKey]:
        try:
            return jwks.decode((self.folder / name).read_bytes())
        except OSError:
            raise KeysNotCached(folder=str(self.folder)) from None
