# SPDX-License-Identifier: Apache-2.0
"""Two users at one key process: who asks for all that there is leaves the other his own."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from hsm.client.key_process import KeyProcess
from hsm.errors import RateExceeded
from hsm.limits.rate_limit import DEFAULT_RATES
from tests.hsm.running import ROOT, hsm_process, run_hsm, short_folder

NOBODY = 65534
GREEDY = """
import os, sys
from pathlib import Path
from hsm.client.key_process import KeyProcess
from hsm.errors import RateExceeded
os.setgroups([]); os.setgid(65534); os.setuid(65534)
keys = KeyProcess(Path(sys.argv[1]), server_uids=[0], deadline=10)
(sealed,) = keys.sealer.seal([("row/1", b"value")])
opened = 0
try:
    for opened in range(1, 2000):
        keys.sealer.unseal("row/1", sealed, reason="greed")
except RateExceeded:
    print(opened)
"""


def test_one_users_greed_leaves_the_other_all_of_his() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    burst = DEFAULT_RATES["unseal"].burst
    with short_folder() as folder:
        assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
        folder.chmod(0o711)
        users = ("--serve-uid", "0", "--serve-uid", str(NOBODY), "--serve-group", str(NOBODY))
        with hsm_process(folder, "--workers", "2", *users), KeyProcess(folder / "run" / "s", deadline=10) as keys:
            socket: Path = folder / "run" / "s"
            line = [sys.executable, "-c", GREEDY, str(socket)]
            greedy = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT)
            assert int(greedy.stdout) >= burst
            (sealed,) = keys.sealer.seal([("row/1", b"value")])
            opened = 0
            with suppress(RateExceeded):
                for _ in range(burst):
                    keys.sealer.unseal("row/1", sealed, reason="work")
                    opened += 1
            assert opened == burst
