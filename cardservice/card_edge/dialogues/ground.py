# SPDX-License-Identifier: Apache-2.0
"""The ground a personalization stands on: the chip that was probed, its channel opener, and the names of its key sets."""

from collections.abc import Sequence
from dataclasses import dataclass

from cardservice.card_edge.batch import Batch
from cardservice.card_edge.dialogue import Dialogue
from cardservice.card_edge.dialogues.channel_opening import PUBLIC, SECRET, ChannelOpener, Opening
from cardservice.card_edge.dialogues.chip import Probe
from cardservice.card_edge.dialogues.personalization_plan import TRANSPORT_KEY_VERSION
from cardservice.card_edge.globalplatform.select import select
from cardservice.card_edge.piv.select import PIV_AID, select_piv
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import SecureChannel
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.card_edge.sector.select import select_sector
from cardservice.keys import ISSUER_SECTOR, KeyOrigin, KeySet, KeyVersions


@dataclass(frozen=True, slots=True)
class Groundwork:
    """One card, and the key version numbers that are its own."""

    seen: Probe
    opener: ChannelOpener
    key_versions: KeyVersions

    @property
    def transport_keys(self) -> KeySet:
        """The chip supplier's key set."""
        return KeySet(KeyOrigin.TRANSPORT, TRANSPORT_KEY_VERSION, self.seen.chip.kdd)

    @property
    def issuer_keys(self) -> KeySet:
        """The issuer security domain's per-card key set."""
        return self.sector_keys(ISSUER_SECTOR)

    def sector_keys(self, sector: int) -> KeySet:
        """The per-card key set of one sector."""
        return KeySet(KeyOrigin.SCHEME, self.key_versions[sector], self.seen.chip.kdd, sector)

    @property
    def issuer_domain(self) -> Opening:
        """A channel to the ISD under the issuer's keys."""
        return Opening(self.issuer_keys, self.seen.issuer_domain, PUBLIC)

    @property
    def piv(self) -> Opening:
        """A channel to PIV, which has no keys of its own, under the issuer's; PIN, PUK and what the PIN guards travel in it."""
        return Opening(self.issuer_keys, PIV_AID, SECRET)

    def sector(self, sector: int) -> Opening:
        """A channel to a sector that has keys of its own, under them."""
        return Opening(self.sector_keys(sector), sector_aid(sector), PUBLIC)

    def enter(self, batch: Batch, level: SecurityLevel, *, then: Sequence[Opening] = ()) -> SecureChannel:
        """The channel to the ISD whose INITIALIZE UPDATE the probe already made, ``then`` foreseen with it. Raises CardNotAuthentic."""
        held = self.seen.initialize_update.key_version_number
        key_set = self.transport_keys if held == TRANSPORT_KEY_VERSION else self.issuer_keys
        channel = self.opener.accept(key_set, level, self.seen.host_challenge, self.seen.answer, then=then)
        batch.add("ISD: EXTERNAL AUTHENTICATE", channel.external_authenticate())
        return channel

    def select_isd(self, batch: Batch) -> Dialogue[SecureChannel]:
        """SELECT the ISD and open a channel under the issuer's keys."""
        batch.add("SELECT ISD", select())
        return (yield from self.opener.open(batch, self.issuer_domain, "ISD"))

    def select_piv(self, batch: Batch) -> Dialogue[SecureChannel]:
        """SELECT PIV and open a channel under the issuer's keys."""
        batch.add("SELECT PIV", select_piv())
        return (yield from self.opener.open(batch, self.piv, "PIV"))

    def select_sector(self, batch: Batch, sector: int) -> Dialogue[SecureChannel]:
        """SELECT a sector and open a channel under its own keys."""
        what = f"sector {sector:02X}"
        batch.add(f"SELECT {what}", select_sector(sector_aid(sector)))
        return (yield from self.opener.open(batch, self.sector(sector), what))
