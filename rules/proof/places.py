"""Places: where each condition of a community is written, taken apart into the lines that must hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rules.compile import Compiler
from rules.condition import Condition, Not
from rules.reading import split_scope
from rules.spec import conditions as spec
from rules.spec.community import Community, Document
from rules.spec.diagnostics import Place, code_frame
from rules.spec.documents.metrics import Named
from rules.spec.source import Path
from rules.values import ValueType


@dataclass(frozen=True, slots=True)
class Written:
    """One condition as it is written.

    Args:
        document: in which document.
        path: where in it.
        node: the condition as read.
        value: the value at hand, where it is kept per value.
        per: the list the value is of.
        fields: further names with their types: results of phases, arguments of a run, fields of a fact.
    """

    document: Document
    path: Path
    node: Any
    value: str | None = None
    per: str | None = None
    fields: Mapping[str, ValueType] | None = None

    @property
    def place(self) -> Place:
        """File, line and column of its key."""
        return self.document.source.key_place(self.path)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that must hold for a condition to hold.

    Args:
        place: where it is written.
        text: it, in the words of the spec.
        condition: it, compiled.
    """

    place: Place
    text: str
    condition: Condition


class Places:
    """Finds where things are written in a community.

    Args:
        community: the specs.
    """

    def __init__(self, community: Community) -> None:
        self.community = community
        self._texts = {document.source.file: document.source.lines for document in community.documents}
        self._compilers: dict[tuple[str | None, str | None], Compiler] = {}

    def documents(self, schema: str) -> Iterator[Document]:
        """The documents of a kind."""
        return (document for document in self.community.documents if document.schema == schema)

    def frame(self, place: Place) -> str:
        """The line of a place, with a marker."""
        return code_frame(self._texts.get(place.file, []), place)

    def condition(self, written: Written) -> Condition:
        """What is written, compiled.

        Raises:
            NotDecidable: a name or a parameter has no value here.
        """
        if written.fields is not None:
            return Compiler(self.community, written.value, written.per, written.fields).condition(written.node)
        key = (written.value, written.per)
        if key not in self._compilers:
            self._compilers[key] = Compiler(self.community, written.value, written.per)
        return self._compilers[key].condition(written.node)

    def lines(self, written: Written) -> list[Line]:
        """Everything that must hold for it to hold, down to single comparisons and the alternatives of an `any`."""
        return list(self._lines(written, 0))

    def _lines(self, written: Written, depth: int) -> Iterator[Line]:
        node, path = written.node, written.path
        match node:
            case spec.All():
                for number, part in enumerate(node.all):
                    yield from self._lines(_at(written, part, "all", number), depth)
            case spec.None_():
                for number, part in enumerate(node.none):
                    inner = _at(written, part, "none", number)
                    yield self._line(inner, inner.path, Not(self.condition(inner)), "none of: ")
            case spec.Leaf():
                place = (*path, node.name)
                comparisons = node.test.comparisons()
                defined = self._definition(node, written)
                if defined is not None and depth < 8:
                    yield from self._lines(defined, depth + 1)
                elif len(comparisons) == 1:
                    yield self._line(written, place, self.condition(written))
                else:
                    for word in comparisons:
                        others = {("is_" if word_ == "is" else word_) for word_ in comparisons if word_ != word}
                        alone = node.test.model_fields_set - others
                        test = node.test.model_construct(_fields_set=set(alone), **{
                            name: getattr(node.test, name) for name in alone
                        })  # fmt: skip
                        leaf = spec.Leaf.model_construct(root={node.name: test})
                        one = replace(written, node=leaf)
                        yield self._line(one, (*place, word), self.condition(one), f"{node.name}: ")
            case _:
                yield self._line(written, path, self.condition(written))

    def _definition(self, leaf: Any, written: Written) -> Written | None:
        """The definition of a named condition that a leaf says is true."""
        scope, bare = split_scope(leaf.name)
        metric = self.community.metrics.get(bare)
        asked = leaf.test.comparisons()
        if not isinstance(metric, Named) or scope != "subject" or asked != {"is": True}:
            return None
        if leaf.test.of is not None:
            return None
        for document in self.documents("metrics/v1"):
            for number, model in enumerate(document.model.metrics):  # type: ignore[attr-defined]
                if model.id == bare and isinstance(model, Named):  # not from a pack: that is written elsewhere
                    return replace(written, document=document, path=("metrics", number, "when"), node=metric.when)
        return None

    def _line(self, written: Written, path: Path, condition: Condition, before: str = "") -> Line:
        source = written.document.source
        place = source.key_place(path)
        return Line(place, before + _text(source.at(path), path), condition)

    # ------------------------------------------------------------------------------------------------ who holds what
    def tier(self, ladder: str, rank: int, key: str, value: str | None) -> Written | None:
        """A condition of a tier: `earn` or `keep`."""
        document = self.ladder(ladder)
        model: Any = document.model
        node = getattr(model.tiers[rank], key)
        return None if node is None else Written(document, ("tiers", rank, key), node, value, model.per)

    def ladder(self, ladder: str) -> Document:
        """The document of a ladder."""
        return next(document for document in self.documents("tiers/v1") if document.model.id == ladder)  # type: ignore[attr-defined]

    def lifecycle(self) -> Document | None:
        """The document of the lifecycle, if there is one."""
        return next(self.documents("lifecycle/v1"), None)


def _at(written: Written, node: Any, *steps: str | int) -> Written:
    return replace(written, path=(*written.path, *steps), node=node)


def _text(value: Any, path: Path) -> str:
    """A piece of a spec in one line."""
    if path and isinstance(path[-1], str):
        return f"{path[-1]}: {_flow(value)}"
    return _flow(value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
