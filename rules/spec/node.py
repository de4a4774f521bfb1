"""Node: what every piece of the language has in common, and how a piece is chosen where several may stand.

Models are strict, closed and frozen. While a community is read (that is: with a `Context` as pydantic's
validation context) misspelt keys are reported at their place and put right, so that reading goes on and one
mistake gives one diagnostic. Unions are told apart by the shape of what was written (`SHAPE`) or by one key
(`Chosen`), never by trying, so that every mistake has one message.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Union, get_args, get_origin, runtime_checkable

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, RootModel, ValidationInfo, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from rules.spec.diagnostics import Problems, alike, asked, close, listed, nearest
from rules.spec.source import Written

if TYPE_CHECKING:
    from rules.spec.phase import PhaseSpec


@dataclass
class Context:
    """What a community is read with: where problems go, and the kinds of phases there are."""

    problems: Problems = field(default_factory=Problems)
    kinds: Mapping[str, type[PhaseSpec]] = field(default_factory=dict)
    silent: bool = False  # put keys right without saying so (a tree that was read before)


def reading(info: ValidationInfo) -> Context | None:
    """The context of this validation, if a community is being read."""
    return info.context if isinstance(info.context, Context) else None


class Node(BaseModel):
    """A piece of the language. Attribute names are the YAML keys, with `_` where Python clashes."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,  # a validator is made when something is first read with it: documents are mostly kept
    )

    @model_validator(mode="before")
    @classmethod
    def _put_right(cls, value: Any, info: ValidationInfo) -> Any:
        context = reading(info)
        if isinstance(value, Written):
            if context is not None:
                tidy(value, keys_of(cls), context, where=cls)
        elif isinstance(value, dict):
            return value
        elif not isinstance(value, BaseModel):
            raise cls.misshapen(value)
        return value

    @classmethod
    def misshapen(cls, value: Any) -> PydanticCustomError:
        """The error for something that is no mapping at all."""
        return wrong_shape(value, f"a mapping with {keys_shown(cls)}")


@functools.cache
def keys_of(model: type[BaseModel]) -> dict[str, bool]:
    """The keys a model may have, as written, and whether each is required."""
    return {f.alias or name: f.is_required() for name, f in model.model_fields.items()}


def keys_shown(model: type[BaseModel]) -> str:
    keys = keys_of(model)
    required = [k for k, r in keys.items() if r]
    return listed(required or list(keys))


# Words people bring from elsewhere, and ours.
SYNONYMS = {
    ">=": "at_least", "gte": "at_least", "ge": "at_least", "minimum": "at_least", "<=": "at_most", "lte": "at_most",
    "le": "at_most", "maximum": "at_most", ">": "more_than", "gt": "more_than", "<": "less_than", "lt": "less_than",
    "=": "is", "==": "is", "eq": "is", "equals": "is", "!=": "is_not", "ne": "is_not", "in": "one_of",
    "not_in": "none_of", "exists": "is_known", "window": "over", "during": "over", "last": "over",
    "and": "all", "or": "any", "nor": "none", "name": "title", "label": "title", "deadline": "within",
    "timeout": "within",
    "if": "only_if", "type": "kind", "description": "note", "steps": "phases", "args": "with", "arguments": "with",
    "params": "parameters", "on_silence": "if_silent", "timezone": "zone",
}  # fmt: skip


def tidy(value: Written, allowed: Mapping[str, bool], context: Context, *, where: type[BaseModel]) -> None:
    """Report every key that may not stand here; put right those that were surely meant otherwise, drop the others."""
    for key, meant_instead in colliding(where).items():
        if key in value:
            _displaced(value, key, meant_instead, context, where)
    unknown = [k for k in value if k not in allowed]
    if not unknown:
        return
    missing = [k for k, required in allowed.items() if required and k not in value]
    for key in unknown:
        if context.problems.full:
            value.drop(key)
            continue
        free = [k for k in allowed if k not in value]
        meant = alike(key, free, preferred=[m for m in missing if m not in value])
        if len(meant) > 1:
            fitting = [k for k in meant if may_hold(where, k, value[key])]
            meant = fitting or meant
        if not meant and SYNONYMS.get(key.lower()) in free:
            meant = [SYNONYMS[key.lower()]]
        place = value.key_places[key]
        if meant:
            context.problems.at("TRL202", place, f"unknown key '{key}'", asked(meant))
            value.rename(key, meant[0])
            continue
        if any(key in keys_inside(where, empty) for empty in value.excused if empty in allowed):
            value.drop(key)  # it belongs under a key that was left empty, and that was said
            continue
        present = nearest(key, [k for k in allowed if k in value])
        still = [m for m in missing if m not in value and m not in value.excused]
        if present is not None:
            hint = f"'{present}' is already there; keys that may stand here: {listed(allowed, 30)}"
        elif still:
            hint = (
                f"'{still[0]}' is missing here; did you mean it?"
                if len(still) == 1
                else f"missing here: {listed(still)}"
            )
            hint += "" if len(still) == 1 else f"; keys that may stand here: {listed(allowed, 30)}"
            value.excused.add(still[0])
        else:
            hint = f"keys that may stand here: {listed(allowed, 30)}"
        context.problems.at("TRL202", place, f"unknown key '{key}'", hint)
        value.drop(key)


@functools.cache
def keys_inside(model: type[BaseModel], key: str) -> frozenset[str]:
    """The keys of what stands under a key of a model, if that is a mapping of one kind."""
    annotation = next(f.annotation for name, f in model.model_fields.items() if (f.alias or name) == key)
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    models = [m for m in members if isinstance(m, type) and issubclass(m, BaseModel)]
    return frozenset(keys_of(models[0])) if len(models) == 1 else frozenset()


@functools.cache
def colliding(model: type[BaseModel]) -> dict[str, list[str]]:
    """Keys of a model that are one edit away from other keys of it."""
    keys = list(keys_of(model))
    near = {k: [o for o in keys if o != k and close(k, o)] for k in keys}
    return {k: others for k, others in near.items() if others}


def _displaced(value: Written, key: str, others: list[str], context: Context, model: type[BaseModel]) -> None:
    """Put right a key that is allowed, but holds what belongs under another one that is missing and written alike."""
    again = next((d for d in value.doubles if d[0] == key), None)
    written = [(value[key], value.key_places[key])] + ([again[1:3]] if again is not None else [])
    for n, (held, place) in enumerate(written):
        meant = [o for o in others if o not in value and may_hold(model, o, held)]
        if not meant or may_hold(model, key, held):
            continue
        context.problems.at("TRL202", place, f"'{key}' cannot hold {shown(held)}", asked(meant))
        if n == 0:
            value.rename(key, meant[0])
            if again is not None:
                value.put(*again)
        elif again is not None:
            value.put(meant[0], *again[1:])
        if again is not None:
            value.doubles.remove(again)
        return


def may_hold(model: type[BaseModel], key: str, value: Any) -> bool:
    """Whether a value has the shape of what may stand under a key, so that the key may have been meant."""
    field_info = next(f for name, f in model.model_fields.items() if (f.alias or name) == key)
    checked = [m for m in field_info.metadata if isinstance(m, Checked)]
    if checked:
        return all(m.may_be(value) for m in checked)
    return _may_be(field_info.annotation, value)


@runtime_checkable
class Checked(Protocol):
    """Metadata of a plain value that can tell whether a value is spelled like one."""

    def may_be(self, value: Any) -> bool:
        """Whether the value is spelled so."""


def _may_be(annotation: Any, value: Any) -> bool:
    if get_origin(annotation) is Annotated:
        base, *meta = get_args(annotation)
        checked = [m for m in meta if isinstance(m, Checked)]
        return all(m.may_be(value) for m in checked) if checked else _may_be(base, value)
    if get_origin(annotation) in (Union, UnionType):
        return any(_may_be(member, value) for member in get_args(annotation))
    if isinstance(value, dict) and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        known = keys_of(annotation)
        return issubclass(annotation, RootModel) or not value or any(nearest(str(key), known) for key in value)
    shape = shape_of(annotation)[0]
    return annotation is not NoneType and (annotation is Any or shape == shape_of_value(value))


# ------------------------------------------------------------------------------------------- errors of our own
def mistake(code: str, message: str, hint: str = "", *, key: str | None = None) -> PydanticCustomError:
    """An error with our code and words. `key` moves it to that key of the mapping it is about."""
    context = {"message": message, "hint": hint, "key": key}
    return PydanticCustomError(code, "{message}", context)


def said() -> PydanticCustomError:
    """An error that was already reported at its place; stops this piece without another word."""
    return PydanticCustomError("said", "already reported")


def wrong_shape(value: Any, expected: str, hint: str = "") -> PydanticCustomError:
    return mistake("TRL204", f"{shown(value)} stands here, expected {expected}", hint)


def shown(value: Any) -> str:
    """A value in a message: short, and in words where it is long."""
    if isinstance(value, dict):
        return f"a mapping ({listed(map(str, value), 4)})" if value else "an empty mapping"
    if isinstance(value, tuple | list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, str):
        return f"'{text}'" if len(text) <= 40 else f"'{text[:38]}…'"
    return text


# ---------------------------------------------------------------------------------------------- told apart by shape
class Shape:
    """In `Annotated[A | B | C, SHAPE]`: text and numbers, a list, or a mapping; each may stand for one member."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        members = get_args(source) if get_origin(source) in (Union, UnionType) else (source,)
        choices: dict[str, CoreSchema] = {}
        words: dict[str, str] = {}
        for member in members:
            if member is NoneType:
                continue
            shape, word = shape_of(member)
            if shape in choices:
                raise TypeError(f"two members of {source} have the shape {shape}")
            choices[shape], words[shape] = handler.generate_schema(member), word
        expected = " or ".join(words.values())

        only_parameter = words.get("<plain>") == "$parameter"

        def check(value: Any) -> Any:
            if only_parameter and isinstance(value, str) and not value.startswith("$"):
                raise wrong_shape(value, expected, f"write [{value}]" if "<list>" in choices else "")
            if shape_of_value(value) not in choices:
                hint = ""
                if "<list>" in choices and "<mapping>" not in choices and isinstance(value, dict):
                    hint = "put '- ' before it: one list item each"
                raise wrong_shape(value, expected, hint)
            return value

        union = core_schema.tagged_union_schema(choices, discriminator=shape_of_value)
        return core_schema.no_info_before_validator_function(check, union)


SHAPE = Shape()


def shape_of(member: Any) -> tuple[str, str]:
    """The shape of what a type takes, and a word for it."""
    base: Any = member
    meta: tuple[Any, ...] = ()
    if get_origin(member) is Annotated:
        base, *meta_list = get_args(member)
        meta = tuple(meta_list)
    for m in meta:
        says = getattr(m, "says", None)
        if isinstance(says, str):
            return "<plain>", says
    origin = get_origin(base)
    if origin is tuple:
        return "<list>", "a list"
    if origin is dict or base is dict:
        return "<mapping>", "a mapping"
    if isinstance(base, type) and issubclass(base, BaseModel):
        return "<mapping>", f"a mapping with {keys_shown(base)}"
    if origin is Union:  # a union of mappings, itself chosen by a key
        return "<mapping>", "a mapping"
    return "<plain>", {int: "a whole number", bool: "true or false", str: "a text"}.get(base, "a word")


def shape_of_value(value: Any) -> str:
    if isinstance(value, dict | BaseModel):
        return "<mapping>"
    if isinstance(value, tuple | list):
        return "<list>"
    return "<plain>"


# ------------------------------------------------------------------------------------------------ told apart by a key
class Chosen:
    """In `Annotated[A | B, Chosen(pick)]`: `pick(value, context)` names the member that was written.

    `pick` returns the name of a member (see `names`), or raises with the reason why none was written. It may put
    keys right first. `names` maps the name to the index of the union's member.
    """

    def __init__(self, pick: Callable[[Any, Context | None], str], names: Mapping[str, str]) -> None:
        self.pick = pick
        self.names = names  # name -> class name of the member

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        members = get_args(source)
        by_class = {getattr(_bare(m), "__name__", "str"): m for m in members}
        choices = {f"<{name}>": handler.generate_schema(by_class[cls]) for name, cls in self.names.items()}
        of_class = {cls: f"<{name}>" for name, cls in self.names.items()}

        def prepare(value: Any, info: ValidationInfo) -> Any:
            if not isinstance(value, BaseModel):
                self.pick(value, reading(info))
            return value

        def tag(value: Any) -> str:
            if isinstance(value, BaseModel):
                return of_class.get(type(value).__name__, "<?>")
            return f"<{self.pick(value, None)}>"

        union = core_schema.tagged_union_schema(choices, discriminator=tag)
        return core_schema.with_info_before_validator_function(prepare, union)


def _bare(member: Any) -> Any:
    return get_args(member)[0] if get_origin(member) is Annotated else member


def by_kind(value: Any, context: Context | None, kinds: Mapping[str, Any], what: str) -> str:
    """The `kind` of something that says its kind; a misspelt key or kind is reported and put right."""
    if not isinstance(value, dict):
        raise wrong_shape(value, f"{what}: a mapping with kind")
    if "kind" not in value and isinstance(value, Written) and context is not None:
        near = [k for k in value if nearest(k, ["kind"]) == "kind" and not _belongs(k, kinds)]
        if near:
            context.problems.at("TRL202", value.key_places[near[0]], f"unknown key '{near[0]}'", "did you mean 'kind'?")
            value.rename(near[0], "kind")
    if "kind" not in value:
        raise mistake("TRL203", f"{what} says its kind", f"kind: one of {listed(kinds, 20)}")
    kind = value["kind"]
    if isinstance(kind, str) and kind in kinds:
        return kind
    meant = nearest(str(kind), kinds)
    if meant is not None and isinstance(value, Written) and context is not None:
        context.problems.at(
            "TRL212", value.value_places["kind"], f"unknown kind of {what} '{kind}'", f"did you mean '{meant}'?"
        )
        value["kind"] = meant
        return meant
    hint = f"did you mean '{meant}'?" if meant else f"one of {listed(kinds, 20)}"
    raise mistake("TRL212", f"unknown kind of {what}: {shown(kind)}", hint, key="kind")


def _belongs(key: str, kinds: Mapping[str, Any]) -> bool:
    return any(isinstance(m, type) and issubclass(m, BaseModel) and key in keys_of(m) for m in kinds.values())
