# SPDX-License-Identifier: Apache-2.0
"""The commission on cash, and how it is split between the agent and the body it belongs to (facts/contributions.md, 3.1: 7.5 %, 90 to 10).

Whole rupiah, rounded down at each step, so that the parts always come to the whole: agent + body + scheme = cash.
"""

from dataclasses import dataclass

WHOLE_BP = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class Commission:
    """The parts of one sum of cash, whole rupiah."""

    agent: int
    body: int
    scheme: int


def commission(rupiah: int, rate_bp: int, agent_share_bp: int) -> Commission:
    """Split a sum: ``rate_bp`` of it is commission, and of this ``agent_share_bp`` the agent's; both 0 to 10,000."""
    whole = rupiah * rate_bp // WHOLE_BP
    agent = whole * agent_share_bp // WHOLE_BP
    return Commission(agent, whole - agent, rupiah - whole)
