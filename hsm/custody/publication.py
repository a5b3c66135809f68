# SPDX-License-Identifier: Apache-2.0
"""The public halves as files for web caches: key sets (RFC 7517, 5) and the CA's certificates, each replaced whole or not at all."""

import json
import os
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from textwrap import wrap

from cardservice.keys import Purpose
from hsm.custody.statement import signed
from hsm.custody.withdrawal_list import CA_WITHDRAWN
from hsm.errors import PublicationFailed
from hsm.keys.key_identifier import unpadded_base64url
from hsm.keys.key_store import KeyDescription, KeyStore
from hsm.operations.key_ring import KeyRing

# The names under which the service answers too (api/well_known.py); the audit keys are for auditors.
KEY_SETS = {
    Purpose.ELIGIBILITY_TOKEN: "jwks.json",
    Purpose.COVER_PROOF: "cover-proof-keys.json",
    Purpose.AUDIT: "audit-keys.json",
    Purpose.RECEIPT: "receipt-keys.json",
}
CA_DER, CA_PEM = "card-ca.cer", "card-ca.pem"
READABLE = 0o644
SIGNING_AHEAD = (Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF)  # verifiers cache these: two live keys each


def publish(
    store: KeyStore, ca_certificates: Sequence[bytes], withdrawn: Mapping[str, object], folder: Path, now: datetime
) -> dict[str, object]:
    """Write all files, the CA certificate in use being the first; which keys are in each, and which purposes lack a second live key.

    ``withdrawn`` is the statement about withdrawn CA certificates (withdrawal_list.py), which the audit key signs. Raises PublicationFailed.
    """
    ring = KeyRing(store)
    sets = {purpose: ring.published(purpose, now) for purpose in KEY_SETS}
    for purpose, keys in sets.items():
        if not keys:
            raise PublicationFailed(path=str(folder), rule=f"there is no {purpose} key to publish")
    files = {KEY_SETS[purpose]: key_set(store, keys) for purpose, keys in sets.items()}
    files |= {CA_DER: ca_certificates[0], CA_PEM: b"".join(map(pem, ca_certificates))}
    files[CA_WITHDRAWN] = signed(withdrawn, store, now)
    write_files(folder, files)
    live = {purpose: [key for key in keys if now < key.expires and not key.is_ended] for purpose, keys in sets.items()}
    return {
        "folder": folder,
        "files": sorted(files),
        "list_number": withdrawn["number"],
        "keys": {str(purpose): [key.kid for key in keys] for purpose, keys in sets.items()},
        "without_successor": [str(purpose) for purpose in SIGNING_AHEAD if len(live[purpose]) < 2],
    }


def key_set(store: KeyStore, keys: Iterable[KeyDescription]) -> bytes:
    """A JWK set, in the order given."""
    return json.dumps({"keys": [_jwk(store, key) for key in keys]}, sort_keys=True, separators=(",", ":")).encode(
        "ascii"
    )


def pem(certificate: bytes) -> bytes:
    """RFC 7468."""
    lines = ["-----BEGIN CERTIFICATE-----", *wrap(b64encode(certificate).decode(), 64), "-----END CERTIFICATE-----"]
    return "".join(line + "\n" for line in lines).encode("ascii")


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each file durable before it takes its name, so that a reader finds the old one or the new one. Raises PublicationFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            draft = folder / f".{name}.{os.getpid()}.draft"
            try:
                _write_durably(draft, content)
                draft.replace(folder / name)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as failed:
        raise PublicationFailed(path=str(folder), rule=failed.strerror or "can't be written") from None


def _write_durably(path: Path, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, READABLE)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, READABLE)  # whatever the umask: a web server is another user
        file.write(content)
        file.flush()
        os.fsync(fd)


def _jwk(store: KeyStore, key: KeyDescription) -> dict[str, str]:
    point = store.verifying_point(key)
    x, y = unpadded_base64url(point[1:33]), unpadded_base64url(point[33:])
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key.kid, "use": "sig", "alg": "ES256"}
