# SPDX-License-Identifier: Apache-2.0
"""One look at the clock, for requests of one caller that are carried out together: what it decides is decided once for all of them."""

from dataclasses import dataclass, field
from datetime import datetime

from cardservice.keys import Purpose
from hsm.guards.signing_context import SigningContext


@dataclass(slots=True)
class Moment:
    """When, for which user id, and by purpose the key that signs then, with what its guard knows: filled in by whoever asks first."""

    now: datetime
    caller: int
    signing: dict[Purpose, SigningContext] = field(default_factory=dict)
