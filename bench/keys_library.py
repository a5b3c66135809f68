# SPDX-License-Identifier: Apache-2.0
"""The peer of ``bench/run keys``: the library behind the keys, called by one thread of this process, with no guard, limit or count.

``python -m bench.keys_library URI`` (``calling.py``). It signs the document that the callers of the key process have signed.
"""

import sys

from bench.calling import ask_in_turns
from cardservice.clock import now
from cardservice.keys import Purpose
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_uri import read_key_uri
from hsm.operations.key_ring import KeyRing
from hsm.stores.open_keys import open_store
from tests.hsm.documents import token_input

if __name__ == "__main__":
    store = open_store(KeyPlaces(read_key_uri(sys.argv[1])))
    key = KeyRing(store).current(Purpose.ELIGIBILITY_TOKEN, now())
    document = token_input(key.kid, now=now(), jti="bench-0")
    ask_in_turns(lambda: store.sign_es256(key, document), threads=1, answers=1)
