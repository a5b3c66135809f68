# SPDX-License-Identifier: Apache-2.0
"""The ground a personalization stands on: the chip that was probed, its channel opener, and the names of its key sets."""

from dataclasses import dataclass

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import ChannelOpener
from cardservice.card_edge.dialogues.chip import Probe
from cardservice.card_edge.dialogues.personalization_plan import ISSUER_KEY_VERSION, TRANSPORT_KEY_VERSION
from cardservice.card_edge.globalplatform.select import ISSUER_SECURITY_DOMAIN, select
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.keys import KeyOrigin, KeySet


@dataclass(frozen=True, slots=True)
class Groundwork:
    """One card under personalization."""

    seen: Probe
    opener: ChannelOpener

    @property
    def transport_keys(self) -> KeySet:
        """The chip supplier's key set."""
        return KeySet(KeyOrigin.TRANSPORT, TRANSPORT_KEY_VERSION, self.seen.chip.kdd)

    @property
    def issuer_keys(self) -> KeySet:
        """The issuer security domain's per-card key set."""
        return self.sector_keys(0x00)

    def sector_keys(self, sector: int) -> KeySet:
        """The per-card key set of one sector."""
        return KeySet(KeyOrigin.SCHEME, ISSUER_KEY_VERSION, self.seen.chip.kdd, sector)

    def enter(self, batch: Batch) -> SecureChannel:
        """The channel to the ISD whose INITIALIZE UPDATE the probe already made. Raises CardNotAuthentic."""
        held = self.seen.initialize_update.key_version_number
        key_set = self.transport_keys if held == TRANSPORT_KEY_VERSION else self.issuer_keys
        channel = self.opener.accept(key_set, self.seen.host_challenge, self.seen.answer)
        batch.add("ISD: EXTERNAL AUTHENTICATE", channel.external_authenticate())
        return channel

    def select_isd(self, batch: Batch) -> Dialogue[SecureChannel]:
        """SELECT the ISD and open a channel under the issuer's keys."""
        batch.add("SELECT ISD", select(ISSUER_SECURITY_DOMAIN))
        return (yield from self.opener.open(batch, self.issuer_keys, ISSUER_SECURITY_DOMAIN, "ISD"))
