# SPDX-License-Identifier: Apache-2.0
"""The name that a payer sees: enough to notice a wrong number, too little to learn a name from one (``SITI RAHAYU`` -> ``SI** RA****``)."""

MAX_SHOWN = 30  # banks cut longer names
_PLAIN = 2  # letters of each word that stay
ANYBODY = "PESERTA"


def shown_name(name: str) -> str:
    """Two letters of each word and a star for each other one, at most 30 characters."""
    words = [word[:_PLAIN] + "*" * (len(word) - _PLAIN) for word in name.upper().split()]
    return " ".join(words)[:MAX_SHOWN].rstrip() or ANYBODY
