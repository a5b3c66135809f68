# SPDX-License-Identifier: Apache-2.0
"""What officers do: make a key, sign a grant after seeing for themselves what it is about, and use it."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from hsm.client.key_process import KeyProcess
from hsm.errors import GrantRefused
from hsm.granting.officer_key import OfficerKey, make_officer_key
from hsm.granting.portions import portions
from hsm.granting.sealed_list import read_sealed_list, write_opened
from hsm.keys.passphrase import passphrase_from_descriptor, passphrase_from_file
from hsm.limits.grant_file import read_grant, read_grants, write_grants
from hsm.limits.grants import MAX_LIFE, NEEDED, NONCE_LENGTH, Deed, Grant, Statement, digest_of
from hsm.limits.officers import officer_record

Randomness = Callable[[int], bytes]
MAX_UID = 0xFFFF_FFFE
MAX_HOURS = 12


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
    parts = portions(about.things)
    if options.grant.exists():
        grants = read_grants(options.grant)
        _refuse_unlike(grants, about.deed, parts, options.reason)
        if any(options.officer == name for each in grants for name, _ in each.signatures):
            raise GrantRefused(rule="one officer signs once")
    else:
        grants = _begun(options, about.deed, parts, now, randomness)
    with _passphrase(options) as passphrase:
        key = OfficerKey(options.officer, options.key, passphrase)
    signed = [Grant(each.statement, [*each.signatures, (key.name, key.sign(each.statement))]) for each in grants]
    write_grants(options.grant, signed)
    return _shown(options, signed)


def use(options: argparse.Namespace, _: datetime, __: Randomness) -> Mapping[str, object]:
    """Have it done. Opened values go to a new file, and nowhere else. Raises what the key process says."""
    about = _Things.of(options)
    if about.deed is Deed.WITHDRAW_CA:
        raise GrantRefused(rule="a certificate is withdrawn by key custody: kartu keys withdraw")
    grant = read_grant(options.grant)
    uids = None if options.server_uid is None else [options.server_uid]
    with KeyProcess(options.socket, server_uids=uids) as keys:
        if about.deed is Deed.LIFT_ANOMALY:
            operation, uid = options.lift
            keys.lift_anomaly(operation, int(uid), reason=options.reason, grant=grant)
            return {"deed": str(about.deed), "operation": operation, "uid": int(uid)}
        if options.output is None or options.output.exists():
            # Asked before the grant is used up.
            raise GrantRefused(rule="the opened values need a new file")
        if not all(sealed for _, sealed in about.values):
            raise GrantRefused(rule="each line of the list has a sealed value")
        opened = keys.sealer.unseal_many(about.values, reason=options.reason, grant=grant)
    write_opened(options.output, [context for context, _ in about.values], opened)
    return {"deed": str(about.deed), "values": len(opened), "output": options.output}


def _begun(
    options: argparse.Namespace, deed: Deed, parts: Sequence[Sequence[object]], now: datetime, randomness: Randomness
) -> list[Grant]:
    """One statement for each portion. Over several hours, each portion can be used in its own hour only."""
    if not 1 <= options.life <= MAX_LIFE:
        raise GrantRefused(rule=f"a grant ends within {MAX_LIFE} seconds")
    if not 1 <= options.hours <= MAX_HOURS or options.hours > len(parts):
        raise GrantRefused(rule=f"1 to {MAX_HOURS} hours, with something to do in each")
    grants = []
    for place, part in enumerate(parts):
        hour = place * options.hours // len(parts)
        life = options.life if options.hours == 1 else MAX_LIFE * (hour + 1)
        end = int(now.timestamp()) + life
        statement = Statement(deed, digest_of(part), len(part), options.reason, end, randomness(NONCE_LENGTH))
        grants.append(Grant(statement.encode(), []))
    return grants


def _refuse_unlike(grants: Sequence[Grant], deed: Deed, parts: Sequence[Sequence[object]], reason: str) -> None:
    statements = [Statement.decode(each.statement) for each in grants]
    told = [(each.deed, each.digest, each.count, each.reason) for each in statements]
    if told != [(deed, digest_of(part), len(part), reason) for part in parts]:
        raise GrantRefused(rule="the other officer's grant is for these things, in this order, and for this reason")


def _shown(options: argparse.Namespace, grants: Sequence[Grant]) -> Mapping[str, object]:
    statements = [Statement.decode(each.statement) for each in grants]
    return {
        "grant": options.grant,
        "deed": str(statements[0].deed),
        "count": sum(each.count for each in statements),
        "portions": len(statements),
        "reason": statements[0].reason,
        "until": datetime.fromtimestamp(max(each.not_after for each in statements), UTC),
        "officers": [name for name, _ in grants[0].signatures],
        "needed": NEEDED[statements[0].deed],
    }


def _passphrase(options: argparse.Namespace) -> AbstractContextManager[bytearray]:
    if options.passphrase_fd is not None:
        return passphrase_from_descriptor(options.passphrase_fd)
    return passphrase_from_file(options.passphrase_file)
