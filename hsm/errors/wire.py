# SPDX-License-Identifier: Apache-2.0
"""Errors as they travel between programs: (code, evidence), and back."""

from functools import cache

from hsm.errors.requests import RequestRefused
from hsm.errors.root import HsmError


@cache
def errors_by_code() -> dict[str, type[HsmError]]:
    """Every error of the key process by its code: hsm/errors/__init__.py has imported them all."""
    return {kind.code: kind for kind in _tree(HsmError)}


def error_from_wire(code: str, evidence: dict[str, object]) -> HsmError:
    """The typed error that travelled as (code, evidence)."""
    kind = errors_by_code().get(code)
    return kind(**evidence) if kind else RequestRefused(refusal=code)


def _tree(kind: type[HsmError]) -> list[type[HsmError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in _tree(below))]
