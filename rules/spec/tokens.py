"""Tokens: everything in a file that takes room, and where it stands in the structure; what formatting goes by."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml import tokens as t

from rules.spec.layout import NotEditable

STEP = 2  # blanks for each level


@dataclass(slots=True)
class Token:
    """Something that takes room in a text, and where it stands in the structure."""

    start: int
    end: int
    kind: str  # one of { } [ ] , : - or "scalar", "mark"
    line: int
    column: int
    style: str = ""
    value: str = ""
    level: Level | None = None  # the block mapping or list around it
    leads: bool = False  # it is a key or a dash of that level
    flow: int = 0  # how many { or [ are open around it


@dataclass(slots=True)
class Level:
    """A block mapping or list: its column as it is and as it should be."""

    old: int
    new: int
    listing: bool
    bare: bool = False  # a list in the column of its key


_KINDS: dict[type, str] = {
    t.FlowMappingStartToken: "{",
    t.FlowMappingEndToken: "}",
    t.FlowSequenceStartToken: "[",
    t.FlowSequenceEndToken: "]",
    t.FlowEntryToken: ",",
    t.ValueToken: ":",
    t.BlockEntryToken: "-",
    t.ScalarToken: "scalar",
    t.DocumentStartToken: "mark",
    t.DocumentEndToken: "mark",
}


@functools.lru_cache(maxsize=4)
def tokens_of(text: str) -> tuple[Token, ...]:
    """Everything in a text that takes room, in order.

    Raises:
        NotEditable: keys are marked with `?`.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    out: list[Token] = []
    levels: list[Level] = []
    flow = 0
    after_key = False
    for token in yaml.scan(text):
        start, end = token.start_mark.index, token.end_mark.index
        line, column = token.start_mark.line, token.start_mark.column
        if isinstance(token, t.BlockMappingStartToken | t.BlockSequenceStartToken):
            new = levels[-1].new + STEP if levels else 0
            levels.append(Level(column, new, isinstance(token, t.BlockSequenceStartToken)))
        elif isinstance(token, t.BlockEndToken):
            if levels.pop().bare:
                levels.pop()
        elif isinstance(token, t.KeyToken):
            if end > start and text[start] == "?":
                raise NotEditable(f"line {line + 1}: a key is marked with '?'", "write key: value")
            if not flow and levels[-1].bare:
                levels.pop()
            after_key = True
        elif type(token) in _KINDS:
            kind = _KINDS[type(token)]
            if kind == "-" and not levels[-1].listing:
                levels.append(Level(column, levels[-1].new + STEP, listing=True, bare=True))
            if kind in ("}", "]"):
                flow -= 1
            made = Token(start, end, kind, line, column, flow=flow, level=levels[-1] if levels else None)
            made.leads = not flow and (kind == "-" or after_key)
            if kind == "scalar":
                made.style, made.value = token.style or "", token.value
                if made.style in ("|", ">"):
                    made.end = start + len(_body(text[start:end]))
            if kind in ("{", "["):
                flow += 1
            after_key = False
            out.append(made)
    return tuple(out)


def _body(block: str) -> str:
    """A block text without the empty lines after it, unless they belong to it."""
    header = block.partition("\n")[0].partition("#")[0]
    return block.removesuffix("\n") if "+" in header else block.rstrip(" \n")


def comments_of(text: str) -> list[str]:
    """Every comment that stands between the tokens."""
    found: list[str] = []
    at = 0
    for start, end in [*((token.start, token.end) for token in tokens_of(text)), (len(text), len(text))]:
        found += [line[line.index("#") :].rstrip() for line in text[at:start].split("\n") if "#" in line]
        at = end
    return found
