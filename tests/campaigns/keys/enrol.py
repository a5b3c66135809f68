# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.campaigns.keys.enrol URI``: the officers of the tests, kept beside keys. A program of its own: a PKCS#11 module is initialised once per process."""

import sys

from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_uri import read_key_uri
from hsm.stores.open_keys import open_custody
from tests.hsm.officer_people import ENROLLED

if __name__ == "__main__":
    with open_custody(KeyPlaces(read_key_uri(sys.argv[1]))) as custody:
        for name, point in ENROLLED.items():
            custody.keep_record(name, point)
