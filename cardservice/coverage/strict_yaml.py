# SPDX-License-Identifier: Apache-2.0
"""The part of YAML that a rule pack may use: mappings, lists, texts, whole numbers, true and false. Everything else is refused, with its line.

``safe_load`` keeps code out, and still takes the second of two equal keys, expands aliases without end and reads 2026-01-05, 1e3 or ``no`` as it
likes. Here nothing is built but what is written: the events of the parser are read one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from cardservice.coverage.errors import RulePackMalformed

MOST_BYTES = 64 * 1024  # a pack has about 4 kB
MOST_EVENTS = 5_000
MOST_DEPTH = 8
MOST_DIGITS = 12  # no amount of rupiah in a rule is larger

Plain: TypeAlias = "str | int | bool | list[Node] | dict[str, Node]"

_RESOLVER = yaml.resolver.Resolver()
_TEXT, _INT, _BOOL = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "bool"))


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line that it begins on, from 1."""

    value: Plain
    line: int


def parse_yaml(document: bytes) -> Node:
    """Read one document, UTF-8. Raises RulePackMalformed (line, rule), and nothing else."""
    if len(document) > MOST_BYTES:
        raise RulePackMalformed(field="", line=0, rule=f"at most {MOST_BYTES} bytes")
    try:
        text = document.decode("utf-8")
        return _document(_limited(yaml.parse(text, Loader=yaml.SafeLoader)))
    except UnicodeDecodeError:
        raise RulePackMalformed(field="", line=0, rule="UTF-8") from None
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        line = 0 if mark is None else mark.line + 1
        raise RulePackMalformed(field="", line=line, rule="well-formed YAML") from None


def _limited(events: Iterator[Any]) -> Iterator[Any]:
    for count, event in enumerate(events):
        line = event.start_mark.line + 1
        if count >= MOST_EVENTS:
            raise RulePackMalformed(field="", line=line, rule=f"at most {MOST_EVENTS} values")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise RulePackMalformed(field="", line=line, rule="no anchors and no aliases")
        if getattr(event, "tag", None) is not None:
            raise RulePackMalformed(field="", line=line, rule="no tags")
        yield event


def _document(events: Iterator[Any]) -> Node:
    assert isinstance(next(events), yaml.StreamStartEvent)
    start = next(events)
    if not isinstance(start, yaml.DocumentStartEvent):
        raise RulePackMalformed(field="", line=1, rule="a document")
    root = _node(next(events), events, "", 0)
    assert isinstance(next(events), yaml.DocumentEndEvent)
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise RulePackMalformed(field="", line=after.start_mark.line + 1, rule="one document and no more")
    return root


def _node(event: Any, events: Iterator[Any], path: str, depth: int) -> Node:
    line = event.start_mark.line + 1
    if depth > MOST_DEPTH:
        raise RulePackMalformed(field=path, line=line, rule=f"at most {MOST_DEPTH} levels")
    if isinstance(event, yaml.ScalarEvent):
        return Node(_scalar(event, path, line), line)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            items.append(_node(inner, events, f"{path}[{len(items)}]", depth + 1))
        return Node(items, line)
    members: dict[str, Node] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        name = _name(key, path)
        field = f"{path}.{name}" if path else name
        if name in members:
            raise RulePackMalformed(field=field, line=key.start_mark.line + 1, rule="each name once")
        members[name] = _node(next(events), events, field, depth + 1)
    return Node(members, line)


def _name(event: Any, path: str) -> str:
    line = event.start_mark.line + 1
    if not isinstance(event, yaml.ScalarEvent) or not event.value.isascii() or not event.value.isidentifier():
        raise RulePackMalformed(field=path, line=line, rule="a name of letters, digits and _")
    return str(event.value)


def _scalar(event: yaml.ScalarEvent, path: str, line: int) -> str | int | bool:
    text: str = event.value
    if event.style is not None or not event.implicit[0]:
        return text
    kind = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # the stubs leave it out
    if kind == _TEXT:
        return text
    if kind == _INT and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and str(int(text)) == text:
        return int(text)
    if kind == _BOOL and text in {"true", "false"}:
        return text == "true"
    rule = (
        "a whole number in plain digits, true, false, or a text (in quotation marks where it looks like anything else)"
    )
    raise RulePackMalformed(field=path, line=line, rule=rule)
