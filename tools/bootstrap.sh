# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./check in the root of the checkout: makes .venv from the hash-pinned locks. Needs Python 3.11 or later; uses uv where
# it is, else venv and pip. Asked again, it does nothing. What fails says in one sentence what to do.
# shellcheck shell=sh

say() { printf 'kartu: %s\n' "$*" >&2; }

find_python() {
    for candidate in "${KARTU_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    say "Python 3.11 or later is needed: apt-get install python3 python3-venv"
    return 1
}

# What makes an environment is there: uv, or the module that puts pip into a new one. Debian keeps that module in a package of its own.
can_make_venv() {
    command -v uv >/dev/null 2>&1 || "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# A moved checkout or an upgraded Python leaves an environment that points elsewhere: it is made anew.
drop_stale_venv() {
    [ -e .venv ] || return 0
    if [ -f .venv/.checkout ] && [ "$(cat .venv/.checkout)" != "$(pwd)" ]; then
        say "this checkout has moved: making .venv anew"
    elif ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "the Python of .venv has gone: making .venv anew"
    else
        return 0
    fi
    rm -rf .venv
}

fingerprint() { cksum "$@" | cksum; }

# One installation at a time in a checkout: the second of two runs waits for the first and then finds everything done.
alone() {
    command -v flock >/dev/null 2>&1 || { "$@"; return; }
    exec 9<.
    flock 9 || return 1
    # What is started in there must not keep the lock.
    if "$@" 9<&-; then status=0; else status=$?; fi
    exec 9<&-
    return "$status"
}

make_venv() { alone make_venv_alone "$@"; }
install_oracle() { alone install_oracle_alone; }
install_pyscard() { alone install_pyscard_alone; }

# The stamp is written last, so that an interrupted installation is done again.
make_venv_alone() { # $1 = lock file, $2 = name of the stamp
    drop_stale_venv
    stamp=.venv/.$2
    sum=$(fingerprint "$1" tools/bootstrap.sh)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return 0
    python=$(find_python) || return 1
    if [ ! -x .venv/bin/python ] && ! can_make_venv "$python"; then
        debian_packages python3-venv || return 1
    fi
    say "installing Python packages ($1)"
    if command -v uv >/dev/null 2>&1; then
        [ -x .venv/bin/python ] || uv venv --quiet --python "$python" .venv || return 1
    else
        [ -x .venv/bin/python ] || "$python" -m venv .venv || return 1
        # An environment that uv made has no pip of its own.
        .venv/bin/python -c 'import pip' 2>/dev/null || .venv/bin/python -m ensurepip >/dev/null || return 1
    fi
    install_locked "$1" || return 1
    link_checkout || return 1
    pwd >.venv/.checkout
    printf '%s\n' "$sum" >"$stamp"
}

# The checkout itself goes on the path: no build, no network, and an edit is seen at once.
# By a relative path: in the C locale Python reads only ASCII there, and a checkout may lie anywhere.
link_checkout() {
    .venv/bin/python - <<'END' || return 1
import os, sysconfig
site = sysconfig.get_path("purelib")
with open(os.path.join(site, "kartu-checkout.pth"), "w") as link:
    link.write(os.path.relpath(os.getcwd(), os.path.realpath(site)) + "\n")
END
    # The shell finds Python, for a path with a blank in it can't stand in a first line.
    cat >.venv/bin/kartu <<'END'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m reader_tools "$@"
END
    chmod 755 .venv/bin/kartu
}

install_locked() { # $1 = lock file, further words go to the installer
    lock=$1
    shift
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python .venv/bin/python --require-hashes "$@" -r "$lock"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes "$@" -r "$lock"
    fi
}

# The tests' independent host. Without its dependencies: its bounds on cryptography are older than ours.
install_oracle_alone() {
    stamp=.venv/.oracle-stamp
    sum=$(fingerprint requirements-oracle.lock)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return 0
    install_locked requirements-oracle.lock --no-deps && printf '%s\n' "$sum" >"$stamp"
}

# pyscard is built from source on Linux: a step of its own, so that a failure takes nothing else with it.
install_pyscard_alone() {
    .venv/bin/python -c 'import smartcard.scard' 2>/dev/null && return 0
    log=.venv/pyscard.log
    say "building pyscard"
    # pip has two names for it: the older one is for its versions before 25.3.
    if PIP_CONSTRAINT=tools/build-constraints.txt PIP_BUILD_CONSTRAINT=tools/build-constraints.txt \
        UV_BUILD_CONSTRAINT=tools/build-constraints.txt install_locked requirements-readers.lock --no-deps >"$log" 2>&1; then
        return 0
    fi
    say "pyscard did not build, so PC/SC readers can't be used (the virtual reader can): apt-get install gcc libc6-dev libpcsclite-dev python3-dev, see $log"
    return 1
}

# Debian packages: installed when root and missing; otherwise one sentence says which command would.
debian_packages() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    absent=
    for package in "$@"; do
        # shellcheck disable=SC2016 # dpkg-query fills that in
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
    if {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 $absent
    } </dev/null >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    say "some Debian packages could not be installed (the whole output is in $log): apt-get install$absent"
    return 1
}
