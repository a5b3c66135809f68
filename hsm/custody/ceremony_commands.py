# SPDX-License-Identifier: Apache-2.0
"""The verbs around a ceremony: show its plan, hold it, look at its transcript."""

import argparse
import hmac
from urllib.parse import unquote, urlsplit

from hsm.custody.ceremony import Ceremony, Room
from hsm.custody.ceremony_secrets import BroughtSecrets
from hsm.custody.circumstances import Circumstances
from hsm.custody.key_record import fingerprint
from hsm.custody.opened import opened_custody
from hsm.custody.plan import read_plan
from hsm.errors import PlanRefused
from hsm.limits.officers import PREFIX


def show_plan(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """What the plan says, and the hash to confirm. Nothing is done."""
    plan = read_plan(options.plan, here.clock())
    return {
        "plan_sha256": plan.digest,
        "scheme": plan.scheme,
        "environment": str(plan.environment),
        "store": plan.store,
        "threshold": plan.threshold,
        "custodians": list(plan.custodians),
        "witnesses": list(plan.witnesses),
        "officers": [{"name": name.removeprefix(PREFIX), "key": fingerprint(point)} for name, point in plan.officers],
        "keys": [
            {
                "purpose": str(key.purpose),
                "version": key.version,
                "sector": key.sector,
                "active_from": key.active_from,
                "expires": key.expires,
                "derived_length": key.derived_length,
            }
            for key in [*plan.keys, *(transport.plan for transport in plan.transport)]
        ],
    }


def hold_ceremony(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Hold the ceremony of a plan whose hash was confirmed."""
    plan = read_plan(options.plan, here.clock())
    refuse_unconfirmed(options, plan.digest, plan.store)
    secrets = BroughtSecrets(dict(options.custodian or ()), dict(options.component or ()))
    with opened_custody(options, here.environment, make=True) as opened:
        room = Room(
            custody=opened.custody,
            journal=opened.journal,
            backups=opened.backups,
            environment=here.environment,
            conversation=here.conversation,
            clock=here.clock,
            randomness=here.randomness,
            secrets=secrets,
            out=options.out,
            cost=here.cost,
        )
        return Ceremony(plan, room).hold(again=options.again)


def refuse_unconfirmed(options: argparse.Namespace, digest: str, store: str) -> None:
    """Raise PlanRefused for a plan whose hash nobody confirmed, or that was reviewed for another back end.

    A plan names ``file:NAME`` beside the machine's keys, or the very URI that was given.
    """
    if not hmac.compare_digest((options.plan_hash or "").lower(), digest):
        raise PlanRefused(path=str(options.plan), rule=f"is confirmed by its hash, which is {digest}")
    if options.keys is not None:
        same, own = store == options.keys, options.keys
    else:
        uri = urlsplit(store)
        planned = options.store.parent / unquote(uri.path)
        same, own = uri.scheme == "file" and planned.resolve() == options.store.resolve(), f"file:{options.store.name}"
    if not same:
        raise PlanRefused(path=str(options.plan), rule=f"names the store of this machine, {own}")
