# SPDX-License-Identifier: Apache-2.0
"""The verbs around a handover: show its plan, hold it."""

import argparse

from hsm.custody.ceremony import Room
from hsm.custody.ceremony_commands import refuse_unconfirmed
from hsm.custody.ceremony_secrets import BroughtSecrets
from hsm.custody.circumstances import Circumstances
from hsm.custody.handover import Handover
from hsm.custody.handover_plan import read_handover
from hsm.custody.key_record import fingerprint
from hsm.custody.opened import opened_custody
from hsm.custody.share_file import read_share
from hsm.custody.unfinished import refuse_unfinished
from hsm.limits.officers import PREFIX


def show_handover(options: argparse.Namespace, _: Circumstances) -> dict[str, object]:
    """What the plan says, and the hash to confirm. Nothing is done."""
    plan = read_handover(options.plan)
    return {
        "plan_sha256": plan.digest,
        "scheme": plan.scheme,
        "environment": str(plan.environment),
        "store": plan.store,
        "reason": plan.reason,
        "threshold": plan.threshold,
        "custodians": list(plan.custodians),
        "witnesses": list(plan.witnesses),
        "enrolled": [{"name": name.removeprefix(PREFIX), "key": fingerprint(point)} for name, point in plan.enrolled],
        "dismissed": [name.removeprefix(PREFIX) for name in plan.dismissed],
    }


def hold_handover(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Hold the handover of a plan whose hash was confirmed."""
    plan = read_handover(options.plan)
    refuse_unconfirmed(options, plan.digest, plan.store)
    secrets = BroughtSecrets(dict([*(options.custodian or ()), *(options.share_passphrase or ())]))
    present = []
    for path in options.share or ():
        with secrets.passphrase_for(path) as passphrase:
            present.append(read_share(path, passphrase))
    with opened_custody(options, here.environment) as opened:
        refuse_unfinished(opened.journal)
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
        return Handover(plan, room, present).hold()
