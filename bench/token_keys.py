# SPDX-License-Identifier: Apache-2.0
"""``python -m bench.token_keys URI``: development keys, made in an empty token. A program of its own: a PKCS#11 module is initialised once per process."""

import secrets
import sys

from cardservice.clock import now
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_uri import read_key_uri
from hsm.stores.key_generation import make_development_keys
from hsm.stores.open_keys import open_custody

if __name__ == "__main__":
    with open_custody(KeyPlaces(read_key_uri(sys.argv[1]))) as made:
        make_development_keys(made, now(), secrets.token_bytes)
