# SPDX-License-Identifier: Apache-2.0
"""The secret of a verifier: ``kjs_`` and 43 characters of base64url over 32 random octets. Shown once; we keep its SHA-256.

The prefix lets scanners find a secret that leaked into a repository. SHA-256 without salt or stretching is enough for 256 random bits.
"""

import hashlib
import re
from base64 import urlsafe_b64encode

from cardservice.partnership.errors import CallerUnknown, SecretTooShort

PREFIX = "kjs_"
SECRET_OCTETS = 32

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)


def write_secret(random_octets: bytes) -> str:
    """The text of a secret. Raises SecretTooShort for anything but 32 octets."""
    if len(random_octets) != SECRET_OCTETS:
        raise SecretTooShort(octets=len(random_octets), least=SECRET_OCTETS)
    return PREFIX + urlsafe_b64encode(random_octets).decode().rstrip("=")


def secret_sha256(presented: str) -> bytes:
    """What the database knows of a secret, 32 bytes. Raises CallerUnknown for text that never was one."""
    if _SECRET.fullmatch(presented) is None:
        raise CallerUnknown
    return hashlib.sha256(presented.encode("ascii")).digest()
