"""Reader: one YAML 1.2 file becomes plain values with places, and what the language does not use is refused.

One pass over ruamel.yaml's events: nothing is constructed, nothing is expanded, no tag is obeyed. Size and
depth are bounded before and while reading, so hostile text costs no more than it weighs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from rules.spec.diagnostics import Place, Problems
from rules.spec.source import Items, Source, Written
from rules.spec.syntax import in_our_words
from rules.spec.unquoted import Unclear, is_nothing, meaning

MAX_FILE = 1024 * 1024  # bytes of one file
MAX_TOTAL = 16 * 1024 * 1024  # bytes of a community
MAX_FILES = 2000
MAX_DEPTH = 32
MAX_NODES = 50_000  # of one file

EMPTY = "the file is empty"
BEGIN = "begin it with schema: and one of the kinds of documents, or remove it"


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    place: Place
    mapping: bool
    flow: bool
    pairs: list[tuple[str, Any, Place, Place]] = field(default_factory=list)
    keys: dict[str, Place] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    key: str | None = None  # the key whose value comes next
    key_place: Place | None = None
    skip: bool = False  # the coming value belongs to a key that was refused
    again: bool = False  # the coming value belongs to a key that is there already
    doubles: list[tuple[str, Any, Place, Place]] = field(default_factory=list)
    refused: bool = False  # an item of the list was refused


class _Missing:
    """What stands for a value that was refused; its key is left out of the tree and excused."""


MISSING = _Missing()


def read(file: str, content: bytes, problems: Problems) -> Source | None:
    """The document of a file, or None when it cannot be read at all; the reasons are in `problems`."""
    start = Place(file, 1, 1)
    if len(content) > MAX_FILE:
        problems.at(
            "TRL102",
            start,
            f"the file is larger than a file may be ({MAX_FILE:,} bytes)",
            "split it",
        )
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = plain_lines(content[: error.start].decode("utf-8", "replace"))
        binary = b"\0" in content[:4096]
        what = "the file is binary" if binary else f"byte {error.start + 1} is not UTF-8"
        problems.at("TRL101", _place_after(file, before), what, "save it as text in UTF-8")
        return None
    text = plain_lines(text)
    lines = text.split("\n")
    problems.text(file, lines)
    odd = re.search(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if odd is not None:
        what = "the file is binary" if odd[0] == "\0" else f"the character U+{ord(odd[0]):04X} may not stand in YAML"
        problems.at("TRL101", _place_after(file, text[: odd.start()]), what, "save it as text in UTF-8")
        return None
    if not text.strip() or all(not line.strip() or line.lstrip().startswith("#") for line in lines):
        problems.at(
            "TRL103",
            start,
            EMPTY,
            BEGIN,
        )
        return None
    tab = next(((n, line) for n, line in enumerate(lines, 1) if re.match(r"[ ]*\t\s*[^\s#]", line)), None)
    if tab is not None:
        place = Place(file, tab[0], tab[1].index("\t") + 1)
        problems.at("TRL113", place, "a tab stands in the indentation", "indent with spaces, two for each level")
        return None
    return _Builder(file, text, lines, problems).build()


def plain_lines(text: str) -> str:
    """A text without a byte order mark, its lines ended alike."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _place_after(file: str, text: str) -> Place:
    line = text.count("\n") + 1
    return Place(file, line, len(text) - (text.rfind("\n") + 1) + 1)


class _Builder:
    """Builds the tree of one file out of events."""

    def __init__(self, file: str, text: str, lines: list[str], problems: Problems) -> None:
        self.file, self.text, self.lines, self.problems = file, text, lines, problems
        self.stack: list[_Open] = []
        self.root: Any = MISSING
        self.nodes = 0
        self.doubled: list[Written] = []
        self.shared: list[tuple[Place, str]] = []  # anchors, aliases and merges

    def build(self) -> Source | None:
        """The document, or None if there is no reading it."""
        source = self._build()
        if self.shared:  # one word about all of them: a bomb has thousands
            place, what = self.shared[0]
            more = f" ({len(self.shared)} such in this file)" if len(self.shared) > 1 else ""
            hint = f"write it out: anchors, aliases and merges are not used{more}"
            self.problems.at("TRL106", place, f"{what} is not used", hint)
        return source

    def _build(self) -> Source | None:
        yaml = YAML(typ="safe", pure=True)
        yaml.version = (1, 2)
        documents = 0
        try:
            for event in yaml.parse(self.text):
                if isinstance(event, DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._say(
                            "TRL105", event, "a second document begins here", "one document in a file: split it at ---"
                        )
                        break
                    if event.tags or event.version not in (None, (1, 2)):
                        self._say("TRL107", event, "directives are not used", "remove the line that begins with %")
                        return None
                elif not self._take(event):
                    return None
        except (MarkedYAMLError, YAMLError, YAMLWarning) as error:
            self._syntax(error)
            return None
        except RecursionError:
            self.problems.at("TRL114", Place(self.file, 1, 1), "nested too deeply", f"at most {MAX_DEPTH} levels")
            return None
        except (ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError) as error:
            # ruamel.yaml itself stumbles over some malformed texts; that is a refusal, not our failure
            self.problems.at(
                "TRL104", Place(self.file, 1, 1), f"the file cannot be read as YAML ({type(error).__name__})", ""
            )
            return None
        if self.root is MISSING:
            if not documents:  # nothing but marks of byte order
                self.problems.at("TRL103", Place(self.file, 1, 1), EMPTY, BEGIN)
            return None
        return Source(self.file, self.root, self.lines, self.doubled)

    # ------------------------------------------------------------------------------------------------- events
    def _take(self, event: Any) -> bool:
        """Take one event; False ends reading."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._say("TRL102", event, f"more than {MAX_NODES:,} values in one file", "split it")
            return False
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._close()
            return True
        if isinstance(event, AliasEvent):
            self.shared.append((self._place(event), f"the alias *{_short(event.anchor)}"))
            self._put(MISSING, event)
            return True
        if not isinstance(event, MappingStartEvent | SequenceStartEvent | ScalarEvent):
            return True
        refused = False
        if event.anchor:
            self.shared.append((self._place(event), f"the anchor &{_short(event.anchor)}"))
        if getattr(event, "ctag", None) is not None and event.tag is not None:
            self._say(
                "TRL107",
                event,
                f"the tag {_short_tag(event.tag)}",
                "remove it; a value's type follows from where it stands",
                plain="is not used",
            )
            refused = True
        if isinstance(event, ScalarEvent):
            self._put(MISSING if refused else self._scalar(event), event)
            return True
        if len(self.stack) >= MAX_DEPTH:
            self._say("TRL114", event, "nested too deeply", f"at most {MAX_DEPTH} levels")
            return False
        top = self.stack[-1] if self.stack else None
        if top is not None and top.mapping and top.key is None and not top.skip:
            self._say(
                "TRL116",
                event,
                "a mapping or list stands where a key is expected",
                "a key is one word, or quote the text",
            )
            return False
        self.stack.append(_Open(self._place(event), isinstance(event, MappingStartEvent), bool(event.flow_style)))
        return True

    def _close(self) -> None:
        done = self.stack.pop()
        if done.mapping:
            value: Any = Written(done.place, done.pairs)
            value.excused |= {k for k in done.keys if k not in value}
            if done.doubles:
                value.doubles = done.doubles
                self.doubled.append(value)
        else:
            value = Items.of(done.place, done.items, done.places)
            value.refused = done.refused
        self._attach(value, done.place)

    def _put(self, value: Any, event: Any) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and top.mapping and top.key is None and not top.skip:
            self._key(top, event)
        else:
            self._attach(value, self._place(event))

    def _key(self, top: _Open, event: Any) -> None:
        place = self._place(event)
        text = event.value if isinstance(event, ScalarEvent) else ""
        if not isinstance(event, ScalarEvent) or (not text and not event.style):
            self._say(
                "TRL116",
                event,
                "a key is missing here" if not text else "an alias cannot be a key",
                "write a word before the colon",
            )
            top.skip = True
            return
        if text == "<<" and not event.style:
            self.shared.append((self._place(event), "the merge <<"))
            top.skip = True
            return
        if text in top.keys:
            top.again = True
        top.keys.setdefault(text, place)
        top.key, top.key_place = text, place

    def _attach(self, value: Any, place: Place) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if not top.mapping:
            if value is MISSING:
                top.refused = True
            else:
                top.items.append(value)
                top.places.append(place)
        elif top.skip:
            top.skip = False
        else:
            assert top.key is not None
            assert top.key_place is not None
            pair = (top.key, value, top.key_place, place)
            if top.again:
                top.doubles.append(pair)
            elif value is not MISSING:
                top.pairs.append(pair)
            top.key = top.key_place = None
            top.again = False

    # ------------------------------------------------------------------------------------------------ scalars
    def _scalar(self, event: ScalarEvent) -> Any:
        text: str = event.value
        top = self.stack[-1] if self.stack else None
        is_key = top is not None and top.mapping and top.key is None
        if event.style or is_key:
            return text
        if is_nothing(text):
            return self._empty(event, text, top)
        found = meaning(text)
        if isinstance(found, Unclear):
            self._say(found.code, event, found.message, found.hint)
            return MISSING
        return found

    def _empty(self, event: ScalarEvent, text: str, top: _Open | None) -> Any:
        if text:
            self._say("TRL109", event, f"{text} is not a value", "leave the key out")
        elif top is not None and top.mapping and top.key is not None:
            assert top.key_place is not None
            if not (top.flow and self._after_comma(top)):
                shown = f"'{top.key}' has no value" if len(top.key) <= 60 else "a key has no value"
                hint = "write a value, indent what belongs to it, or leave the key out"
                self.problems.at("TRL109", top.key_place, shown, hint)
        elif top is not None and not top.mapping:
            self._say("TRL109", event, "an item of a list is empty", "write it or remove the '-'")
        return MISSING

    def _after_comma(self, top: _Open) -> bool:
        """A key without a value in { }: the rest of an unquoted text that a comma cut in two."""
        if not top.pairs and not top.keys:
            return False
        before = top.pairs[-1] if top.pairs else None
        if before is None or not isinstance(before[1], str):
            return False
        place = before[3]
        line = self.lines[place.line - 1]
        if line[place.column - 1 : place.column] in ("'", '"'):
            return False
        key, hint = before[0], ""
        whole = f"{before[1]}, {top.key}"
        if len(whole) <= 80:
            hint = f'quote the text: {key}: "{whole}"'
        else:
            hint = f"quote the text of {key}: a comma ends an unquoted text inside {{ }}"
        self.problems.at("TRL115", place, f"the text of '{key}' ends at a comma", hint)
        return True

    # ------------------------------------------------------------------------------------------------ saying
    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    def _say(self, code: str, event: Any, message: str, hint: str, plain: str = "") -> None:
        self.problems.at(code, self._place(event), f"{message} {plain}".rstrip(), hint)

    def _syntax(self, error: Any) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        line = max(1, min(line, len(self.lines)))
        while line > 1 and not self.lines[line - 1].strip():
            line -= 1
            column = len(self.lines[line - 1]) + 1
        column = max(1, min(column, len(self.lines[line - 1]) + 1))
        problem = str(getattr(error, "problem", None) or "")
        code, message, hint = in_our_words(problem, self.lines[line - 1], column)
        self.problems.at(code, Place(self.file, line, column), message, hint)


def _short(name: object) -> str:
    return str(name)[:40]


def _short_tag(tag: object) -> str:
    return str(tag).replace("tag:yaml.org,2002:", "!!")
