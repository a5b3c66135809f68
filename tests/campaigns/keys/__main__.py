# SPDX-License-Identifier: Apache-2.0
"""Long trials of the key process with real processes: ``python -m tests.campaigns.keys [--kills 20] [--seconds 600] [--callers 64] [--softhsm]``.

First it is killed by SIGKILL under load - a worker, the supervisor, all of it - so many times each; then many callers ask for a long time. Ends
with 1 where something acknowledged was lost or doubled, an answer was wrong, a caller met what is no typed error, a process died unasked, or one
grew. ``tests/hsm/process/test_campaign.py`` runs the short form.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.key_process import ROOT, sealed_file, softhsm_token
from cardservice.clock import now
from hsm.keys.key_uri import KeyUri
from tests.campaigns.keys.killing import Whom, killing
from tests.campaigns.keys.lasting import lasting


@contextmanager
def with_officers(*, softhsm: bool) -> Iterator[KeyUri]:
    """Fresh development keys, and the officers of the tests beside them."""
    with softhsm_token() if softhsm else sealed_file() as uri:
        subprocess.run([sys.executable, "-m", "tests.campaigns.keys.enrol", str(uri)], check=True, cwd=ROOT)
        yield uri


def main() -> int:
    """Exit code 0 where nothing went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.keys", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each kind; 0: none")
    parser.add_argument("--seconds", type=float, default=600, help="that callers ask for; 0: not at all")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--softhsm", action="store_true", help="over a SoftHSM2 token instead of a sealed file")
    chosen = parser.parse_args()
    back_end = "a SoftHSM2 token" if chosen.softhsm else "a sealed file"
    print(f"{now():%Y-%m-%d %H:%M} UTC, over {back_end}\n", flush=True)
    wrong = False
    with with_officers(softhsm=chosen.softhsm) as uri:
        for whom in Whom if chosen.kills else ():
            report = killing(uri, whom, chosen.kills, 8, chosen.seed)
            print(report, flush=True)
            wrong |= bool(report.wrong)
        if chosen.seconds:
            report = lasting(uri, chosen.seconds, chosen.callers)
            print(report, flush=True)
            wrong |= bool(report.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
