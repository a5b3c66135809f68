# SPDX-License-Identifier: Apache-2.0
"""A refused start in words: the code with its evidence, and under it cause and remedy, Indonesian first.

One line begins at the margin, the one for programs; what is for people is indented.
"""

from cardservice.texts.catalogue import Language, text
from hsm.errors import HsmError

_NAMES = {Language.INDONESIAN: ("Sebab", "Tindakan"), Language.ENGLISH: ("Cause", "Remedy")}


def told(error: HsmError) -> str:
    """The lines, each with its end. Evidence never holds a secret, and so neither do the words."""
    words = text(error.code)
    lines = [str(error)]
    for language, (cause, remedy) in _NAMES.items():
        lines.append(f"  {cause}: {words.cause(language, error.evidence)}")
        lines.append(f"  {remedy}: {words.remedy(language, error.evidence)}")
    return "".join(line + "\n" for line in lines)
