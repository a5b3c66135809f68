# SPDX-License-Identifier: Apache-2.0
"""The error book: every code with its cause and remedy, as a Markdown page. ``tools/error-book`` writes it to docs/error-book.md."""

from collections.abc import Mapping

from cardservice.texts.catalogue import ErrorText

HEAD = """\
# Error book / Buku galat

Made by `tools/error-book` from `cardservice/texts/*.toml`. A `{name}` stands for the evidence that an error carries. Every message of `kartu`, and
every problem document of the service (`code`), is one of these.
"""


def error_book(texts: Mapping[str, ErrorText]) -> str:
    """The whole page, one section per code in alphabetical order, Indonesian first."""
    return "\n".join([HEAD, *(_section(texts[code]) for code in sorted(texts))])


def _section(words: ErrorText) -> str:
    return (
        f"## `{words.code}`\n\n"
        f"- **Sebab:** {words.cause_id}\n"
        f"- **Tindakan:** {words.remedy_id}\n"
        f"- **Cause:** {words.cause_en}\n"
        f"- **Remedy:** {words.remedy_en}\n"
    )
