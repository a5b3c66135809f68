# SPDX-License-Identifier: Apache-2.0
"""The memory of another process, looked through for what must not be in it (proc(5))."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_RANGE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r")


def memory(pid: int) -> Iterator[bytes]:
    """Every readable range of a process's memory."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as content:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = _RANGE.match(line)
            if found is None or "[v" in line:  # vvar and vsyscall belong to the kernel
                continue
            begin, end = (int(each, 16) for each in found.groups())
            try:
                content.seek(begin)
                yield content.read(end - begin)
            except OSError:
                continue


def found_in(pid: int, planted: Mapping[str, bytes]) -> set[str]:
    return {name for chunk in memory(pid) for name, secret in planted.items() if secret in chunk}
