# SPDX-License-Identifier: Apache-2.0
"""The verbs that change or carry away a key set: rotate, destroy, withdraw, backup, restore."""

import argparse

from cardservice.keys import Purpose
from hsm.custody.backup_set import read_backup, write_backup
from hsm.custody.ca_certificates import ca_certificates
from hsm.custody.ceremony_secrets import BroughtSecrets
from hsm.custody.circumstances import Circumstances
from hsm.custody.key_ending import destroy_key
from hsm.custody.key_record import described
from hsm.custody.opened import opened_custody
from hsm.custody.restoring import believe, restore
from hsm.custody.rotation import Rotation, RotationOrder
from hsm.custody.share_file import read_share
from hsm.custody.unfinished import refuse_unfinished
from hsm.custody.withdrawal import WithdrawalOrder, withdraw, withdrawals
from hsm.errors import KeyNotFound, RotationRefused
from hsm.limits.grant_file import read_grant

NOW = "now"


def rotate_key(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """The next key of a purpose."""
    now = here.clock()
    at = now if options.at == NOW else options.at
    order = RotationOrder(options.id, Purpose(options.purpose), options.sector, at, now)
    with opened_custody(options, here.environment) as opened:
        refuse_unfinished(opened.journal)
        rotation = Rotation(
            opened.custody,
            opened.journal,
            opened.backups,
            here.clock,
            environment=here.environment,
            randomness=here.randomness,
        )
        return rotation.rotate(order)


def destroy_ended_key(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """A key that has ended is gone for good. One that is still in use is refused."""
    now = here.clock()
    with opened_custody(options, here.environment) as opened:
        found = [key for key in opened.custody.store.descriptions() if key.kid == options.kid]
        if not found:
            raise KeyNotFound(purpose=options.kid, version=0, sector=0)
        if now < found[0].expires and not found[0].is_ended:
            raise RotationRefused(purpose=str(found[0].purpose), rule="only a key that has ended is destroyed")
        destroy_key(opened.custody, opened.journal, opened.backups, found[0], "destroy", here.clock)
        return {"destroyed": described(found[0])}


def withdraw_certificate(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """A card CA's certificate is believed no more, by grant of two officers."""
    order = WithdrawalOrder(options.sha256.lower(), options.reason, read_grant(options.grant))
    with opened_custody(options, here.environment) as opened:
        refuse_unfinished(opened.journal)
        return withdraw(order, opened.custody, opened.journal, here.clock)


def back_up(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Every wrapped key and a signed manifest into a new folder."""
    with opened_custody(options, here.environment) as opened:
        refuse_unfinished(opened.journal)
        certificates = ca_certificates(opened.journal, opened.custody.store.ca_certificate, here.clock())
        return write_backup(
            options.folder,
            opened.custody,
            opened.backups,
            certificates,
            withdrawals(opened.journal),
            here.clock(),
        )


def restore_keys(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Every key of a backup into an empty back end, with a quorum of shares."""
    secrets = BroughtSecrets(dict(options.share_passphrase or ()))
    found = read_backup(options.folder)
    shares = []
    for path in options.share:
        with secrets.passphrase_for(path) as passphrase:
            shares.append(read_share(path, passphrase))
    believed = believe(found, shares)  # before anything is made
    with opened_custody(options, here.environment, make=True) as opened:
        return restore(believed, shares, opened.custody, opened.journal, opened.backups, here.clock, here.conversation)
