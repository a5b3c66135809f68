# SPDX-License-Identifier: Apache-2.0
"""What officers do: make a key, sign a grant after seeing for themselves what it is about, and use it."""

import argparse
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from hsm.client import KeyProcess
from hsm.errors import GrantRefused
from hsm.granting.grant_file import read_grant, write_grant
from hsm.granting.officer_key import OfficerKey, make_officer_key
from hsm.granting.sealed_list import read_sealed_list, write_opened
from hsm.grants import MAX_LIFE, NEEDED, NONCE_LENGTH, Deed, Grant, Statement, digest_of
from hsm.officers import officer_record
from hsm.passphrase import passphrase_from_descriptor, passphrase_from_file

Randomness = Callable[[int], bytes]
MAX_UID = 0xFFFF_FFFE


@dataclass(frozen=True, slots=True)
class _Things:
    """What a grant is about, as whoever signs or uses it sees it."""

    deed: Deed
    things: list[object]
    values: list[tuple[str, bytes]]

    @classmethod
    def of(cls, options: argparse.Namespace) -> "_Things":
        """From ``--values``, ``--lift`` or ``--withdraw``. Raises GrantRefused."""
        if options.withdraw is not None:
            return cls(Deed.WITHDRAW_CA, [options.withdraw.lower()], [])
        if options.lift is None:
            values = read_sealed_list(options.values)
            return cls(Deed.UNSEAL_MANY, [context for context, _ in values], values)
        operation, uid = options.lift
        if not uid.isdecimal() or int(uid) > MAX_UID:
            raise GrantRefused(rule="a user id is a number")
        return cls(Deed.LIFT_ANOMALY, [operation, int(uid)], [])


def officer_key(options: argparse.Namespace, _: datetime, __: Randomness) -> Mapping[str, object]:
    """A new key. The point is what a ceremony's plan names as the officer's."""
    with _passphrase(options) as passphrase:
        point = make_officer_key(options.key, passphrase)
    officer_record(options.officer, point)
    return {"officer": options.officer, "key": options.key, "point": point.hex()}


def sign(options: argparse.Namespace, now: datetime, randomness: Randomness) -> Mapping[str, object]:
    """Begin a grant, or sign one, if it is about these things for this reason. Raises GrantRefused."""
    about = _Things.of(options)
    if options.grant.exists():
        grant = read_grant(options.grant)
        statement = Statement.decode(grant.statement)
        _refuse_unlike(statement, about, options.reason)
        if options.officer in {name for name, _ in grant.signatures}:
            raise GrantRefused(rule="one officer signs once")
    else:
        if not 1 <= options.life <= MAX_LIFE:
            raise GrantRefused(rule=f"a grant ends within {MAX_LIFE} seconds")
        end = int(now.timestamp()) + options.life
        statement = Statement(
            about.deed, digest_of(about.things), len(about.things), options.reason, end, randomness(NONCE_LENGTH)
        )
        grant = Grant(statement.encode(), [])
    with _passphrase(options) as passphrase:
        key = OfficerKey(options.officer, options.key, passphrase)
    signed = Grant(grant.statement, [*grant.signatures, (key.name, key.sign(grant.statement))])
    write_grant(options.grant, signed)
    return _shown(options, statement, signed)


def use(options: argparse.Namespace, _: datetime, __: Randomness) -> Mapping[str, object]:
    """Have it done. Opened values go to a new file, and nowhere else. Raises what the key process says."""
    about = _Things.of(options)
    if about.deed is Deed.WITHDRAW_CA:
        raise GrantRefused(rule="a certificate is withdrawn by key custody: kartu keys withdraw")
    grant = read_grant(options.grant)
    with KeyProcess(options.socket) as keys:
        if about.deed is Deed.LIFT_ANOMALY:
            operation, uid = options.lift
            keys.lift_anomaly(operation, int(uid), reason=options.reason, grant=grant)
            return {"deed": str(about.deed), "operation": operation, "uid": int(uid)}
        if options.output is None or options.output.exists():
            # Asked before the grant is used up.
            raise GrantRefused(rule="the opened values need a new file")
        opened = keys.sealer.unseal_many(about.values, reason=options.reason, grant=grant)
    write_opened(options.output, [context for context, _ in about.values], opened)
    return {"deed": str(about.deed), "values": len(opened), "output": options.output}


def _refuse_unlike(statement: Statement, about: _Things, reason: str) -> None:
    same = (statement.deed, statement.digest, statement.reason) == (about.deed, digest_of(about.things), reason)
    if not same:
        raise GrantRefused(rule="the other officer's grant is for these things, in this order, and for this reason")


def _shown(options: argparse.Namespace, statement: Statement, grant: Grant) -> Mapping[str, object]:
    return {
        "grant": options.grant,
        "deed": str(statement.deed),
        "count": statement.count,
        "reason": statement.reason,
        "until": datetime.fromtimestamp(statement.not_after, UTC),
        "officers": [name for name, _ in grant.signatures],
        "needed": NEEDED[statement.deed],
    }


def _passphrase(options: argparse.Namespace) -> AbstractContextManager[bytearray]:
    if options.passphrase_fd is not None:
        return passphrase_from_descriptor(options.passphrase_fd)
    return passphrase_from_file(options.passphrase_file)
