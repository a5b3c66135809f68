# SPDX-License-Identifier: Apache-2.0
"""One performance figure: what was measured, against what, and whether the goal is met. Printed as a line, or as a JSON object."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

DIGITS = 3  # enough for a person; --json has the whole value


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its unit, a ratio to what it is measured against, and a goal in words ("<= 100 ms") that is met or not.

    What has no reference has no ratio; what has no goal is neither met nor missed. Both print as "-". What could not be measured here has no
    value, and says why where the reference would stand.
    """

    name: str
    value: float | None
    unit: str
    measured_against: str | None = None
    ratio: float | None = None
    goal: str | None = None
    met: bool | None = None

    @classmethod
    def judged(
        cls,
        name: str,
        value: float,
        unit: str,
        sense: Literal["<=", ">="],
        bound: float,
        *,
        measured_against: str | None = None,
        reference: float | None = None,
    ) -> Self:
        """A value that should be at most, or at least, a bound in its own unit. The ratio is to the reference, or else to the bound."""
        against = bound if reference is None else reference
        return cls(
            name=name,
            value=value,
            unit=unit,
            measured_against=measured_against or "the goal",
            ratio=value / against if against else None,
            goal=f"{sense} {bound:g} {unit}",
            met=_keeps(value, sense, bound),
        )

    @classmethod
    def compared(
        cls,
        name: str,
        value: float,
        unit: str,
        measured_against: str,
        reference: float,
        sense: Literal["<=", ">="],
        bound: float,
    ) -> Self:
        """A value beside another of the same unit; the goal bounds their ratio. A reference of zero has no ratio and misses the goal."""
        ratio = value / reference if reference else None
        return cls(
            name=name,
            value=value,
            unit=unit,
            measured_against=measured_against,
            ratio=ratio,
            goal=f"{sense} {bound:g} x",
            met=ratio is not None and _keeps(ratio, sense, bound),
        )

    @classmethod
    def unmeasured(cls, name: str, unit: str, reason: str, *, goal: str | None = None) -> Self:
        """A figure that this machine can't give. A goal it has is neither met nor missed."""
        return cls(name, None, unit, f"not measured: {reason}", None, goal, None)

    def line(self, *, as_json: bool = False) -> str:
        """The figure on one line."""
        if as_json:
            return json.dumps(asdict(self), ensure_ascii=False)
        if self.value is None:
            return f"{self.name:<60} {'-':>9} {self.unit:<7} {self.measured_against}; goal {self.goal or '-'}"
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f} x"
        met = {True: "met", False: "MISSED", None: "-"}[self.met]
        return (
            f"{self.name:<60} {_shown(self.value):>9} {self.unit:<7} {ratio:>9} of {self.measured_against or '-':<34} "
            f"goal {self.goal or '-':<14} {met}"
        )


def _keeps(value: float, sense: Literal["<=", ">="], bound: float) -> bool:
    return value <= bound if sense == "<=" else value >= bound


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 10**DIGITS else f"{value:.{DIGITS}g}"
