"""JSON Schemas of every kind of document, published from the models, for editors to complete from."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from rules.spec.documents import DOCUMENTS
from rules.spec.node import Node
from rules.spec.pack import Pack, packs
from rules.spec.phase import PhaseKinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Plainly(GenerateJsonSchema):
    """Schemas without the titles that pydantic makes up out of field names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


ANY = "spec.schema.json"
"""The schema of any document: it looks at `schema:` and refers to the others, so that editors need to know one."""


def json_schemas(kinds: PhaseKinds) -> dict[str, dict[str, Any]]:
    """File name → JSON Schema, one for each kind of document, such as "mode-v1.schema.json"."""
    return {file_of(name): _schema(name, model, kinds) for name, model in DOCUMENTS.items()}


def file_of(name: str) -> str:
    """The file that holds the schema of a kind of document."""
    return f"{name.replace('/', '-')}.schema.json"


def any_document() -> dict[str, Any]:
    """The schema of any document, to be written beside the others as `ANY`."""
    return {
        "$schema": DIALECT,
        "title": "Trellis",
        "description": "A file of a community's specs.",
        "type": "object",
        "required": ["schema"],
        "properties": {"schema": {"enum": list(DOCUMENTS), "description": "Which kind of document this is."}},
        "allOf": [
            {
                "if": {"properties": {"schema": {"const": name}}, "required": ["schema"]},
                "then": {"$ref": file_of(name)},
            }
            for name in DOCUMENTS
        ],
    }


def _schema(name: str, model: type[Node], kinds: PhaseKinds) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, schema_generator=_Plainly)
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    if "x-phase" in str(schema):
        definitions["Phase"] = _phases(kinds, definitions)
    for definition in definitions.values():
        _tidy(definition)
    _tidy(schema)
    if "Packed" in definitions:
        definitions["Packed"]["properties"]["pack"]["examples"] = _conclusions()
    schema["$schema"] = DIALECT
    schema["$id"] = file_of(name)
    schema["title"] = name
    schema["description"] = inspect.cleandoc(model.__doc__ or "")
    return schema


def _conclusions() -> list[str]:
    """What the packs that are there conclude, as metrics name it."""
    return [f"{pack.id}/{one}" for pack in packs().values() if isinstance(pack, Pack) for one in pack.conclusions]


def _phases(kinds: PhaseKinds, definitions: dict[str, Any]) -> dict[str, Any]:
    """A phase is one of the kinds, told apart by `kind`; what the kinds are made of is added to the definitions."""
    names: dict[str, str] = {}
    for kind, model in kinds.items():
        one = model.model_json_schema(by_alias=True, schema_generator=_Plainly)
        for inner, definition in one.pop("$defs", {}).items():
            definitions.setdefault(inner, definition)
        names[kind] = model.__name__
        definitions[model.__name__] = one
    # if kind then …, not oneOf: an editor then completes and explains the one kind that was written
    return {
        "type": "object",
        "required": ["id", "kind"],
        "properties": {"kind": {"enum": list(names)}},
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for kind, name in names.items()
        ],
    }


def _tidy(schema: Any) -> None:
    """Drop nulls (the language has none), pydantic's own discriminators, and defaults nobody writes."""
    if isinstance(schema, dict):
        options = schema.get("anyOf")
        if isinstance(options, list) and {"type": "null"} in options:
            left = [o for o in options if o != {"type": "null"}]
            del schema["anyOf"]
            schema.update(left[0] if len(left) == 1 else {"anyOf": left})
        if schema.get("default", 0) is None:
            del schema["default"]
        schema.pop("discriminator", None)
        if schema.pop("x-phase", False):
            schema["$ref"] = "#/$defs/Phase"
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")
        for value in list(schema.values()):
            _tidy(value)
    elif isinstance(schema, list):
        for value in schema:
            _tidy(value)
