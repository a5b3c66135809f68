# SPDX-License-Identifier: Apache-2.0
"""Run in a process and mount namespace of its own: keys are made in a token on a small file system until it is full, and once more when it is not."""

import os
import subprocess
import sys
from pathlib import Path

from cardservice.keys import Purpose
from hsm.errors import TokenFault
from hsm.keys.key_places import KeyPlaces
from hsm.stores.open_keys import open_custody, open_store
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.contract.test_key_custody import use as answer_of
from tests.hsm.documents import NOW
from tests.hsm.softhsm import SoftHsm


def main(folder: Path) -> None:
    softhsm = SoftHsm(folder / "hsm")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", softhsm.tokens], check=True)
    softhsm.add_token("kartu")
    places = KeyPlaces(softhsm.uri())
    softhsm.enter()
    made = 0
    filler = softhsm.tokens / "filler"
    with open_custody(places) as custody:
        for made in range(1, 4):
            custody.generate(plan(Purpose.PSEUDONYM, made), NOW)
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(512)):
                    pass
            except OSError:
                print("full")
        try:
            for made in range(4, 200):
                custody.generate(plan(Purpose.PSEUDONYM, made), NOW)
        except TokenFault as refused:
            print(refused.code)
    softhsm.restart()
    store = open_store(places)
    kept = [key for key in store.descriptions() if answer_of(store, key)]
    print(f"kept {len(kept)} of {made - 1}")
    filler.unlink()
    with open_custody(places) as custody:
        custody.generate(plan(Purpose.PSEUDONYM, made), NOW)
    softhsm.restart()
    print(f"then {len(open_store(places).descriptions())}")


if __name__ == "__main__":
    os.umask(0o077)
    main(Path(sys.argv[1]))
