# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./check: makes .venv from the hash-pinned locks. Needs Python 3.11 or later; uses uv where it is, else venv and pip.
# shellcheck shell=sh

say() { printf '%s\n' "kartu: $*" >&2; }

find_python() {
    for candidate in "${KARTU_PYTHON:-}" python3 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    say "Python 3.11 or later with its venv module is needed: apt-get install python3 python3-venv"
    return 1
}

# The stamp is written last, so that an interrupted installation is done again.
make_venv() { # $1 = lock file, $2 = name of the stamp
    lock=$1
    stamp=.venv/.$2
    sum=$(cksum "$lock" pyproject.toml | cksum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return 0
    python=$(find_python) || return 1
    say "installing Python packages ($lock)"
    if command -v uv >/dev/null 2>&1; then
        [ -x .venv/bin/python ] || uv venv --quiet --python "$python" .venv || return 1
        uv pip install --quiet --python .venv/bin/python --require-hashes -r "$lock" || return 1
    else
        [ -x .venv/bin/python ] || "$python" -m venv .venv || return 1
        [ -x .venv/bin/pip ] || .venv/bin/python -m ensurepip --upgrade >/dev/null || return 1
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" || return 1
    fi
    link_checkout || return 1
    printf '%s\n' "$sum" >"$stamp"
}

# The checkout itself goes on the path: no build, no network, and an edit is seen at once.
link_checkout() {
    site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return 1
    pwd >"$site/kartu-checkout.pth"
    cat >.venv/bin/kartu <<END
#!$(pwd)/.venv/bin/python
import sys
from reader_tools.__main__ import main
sys.exit(main())
END
    chmod 755 .venv/bin/kartu
}

install_only() { # $1 = lock file, further words go to the installer
    lock=$1
    shift
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python --require-hashes "$@" -r "$lock"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes "$@" -r "$lock"
    fi
}

# pyscard is built from source on Linux: its own step, so that a failure takes nothing else with it.
install_pyscard() {
    .venv/bin/python -c 'import smartcard.scard' 2>/dev/null && return 0
    log=.venv/pyscard.log
    if PIP_CONSTRAINT=tools/build-constraints.txt UV_BUILD_CONSTRAINT=tools/build-constraints.txt \
        install_only requirements-readers.lock >"$log" 2>&1; then
        return 0
    fi
    say "pyscard did not build, so PC/SC readers can't be used (the virtual reader can); needs gcc, libpcsclite-dev; see $log"
    return 1
}

# Debian packages: installed when root and missing; otherwise one sentence says which command would.
debian_packages() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    absent=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || absent="$absent $package"
    done
    [ -n "$absent" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "some Debian packages are missing: sudo apt-get install$absent"
        return 1
    fi
    say "installing Debian packages:$absent"
    log=$(mktemp)
    # shellcheck disable=SC2086 # the list is meant to be split
    if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $absent; } >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    say "that failed (whole output: $log): apt-get install$absent"
    return 1
}
