# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm --init``: development keys in a new sealed file. Apart from the program, so that who serves does not load what makes keys."""

import hashlib
import os
import sys
from pathlib import Path

from cardservice.clock import now
from hsm.stores.key_generation import development_keys
from hsm.stores.sealed_file import create_sealed


def make_store(path: Path, passphrase: bytearray) -> None:
    """Seal a whole new set, and say on standard output what may be known of it. Raises KeyFileExists or KeyFileUnwritable; nothing is ever overwritten."""
    bundle = development_keys(now(), os.urandom)
    create_sealed(path, bundle.encode(), passphrase, os.urandom)
    for key in bundle.keys:
        about = key.description
        if about.kind == "p-256":
            sys.stdout.write(f"{about.purpose} {about.version} kid {about.kid} until {about.expires:%Y-%m-%d}\n")
    sys.stdout.write(f"card-ca certificate SHA-256 {hashlib.sha256(bundle.ca_certificate).hexdigest()}\n")
