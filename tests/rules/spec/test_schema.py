"""The published JSON Schemas say the same as the models: what is right by one is right by the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from rules.spec.diagnostics import Problems
from rules.spec.reader import read
from rules.spec.schema import ANY, any_document, json_schemas
from rules.spec.source import plain
from workflows.phases import discover

ROOT = Path(__file__).parents[3]
SCHEMAS = {schema["title"]: schema for schema in json_schemas(discover()).values()}
SHIPPED = sorted((ROOT / "specs").rglob("*.yaml")) + sorted((ROOT / "tests" / "specs" / "smallest").rglob("*.yaml"))
GOLDEN = ROOT / "tests" / "rules" / "spec" / "diagnostics"


def document(file: Path) -> Any:
    source = read(file.name, file.read_bytes(), Problems())
    assert source is not None
    return plain(source.tree)


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_each_schema_is_a_json_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])
    assert SCHEMAS[kind]["description"]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_every_shipped_document_is_right_by_its_schema(file: Path) -> None:
    written = document(file)

    jsonschema.Draft202012Validator(SCHEMAS[written["schema"]]).validate(written)


@pytest.mark.parametrize("name", ["values", "conditions", "effects", "phases"])
def test_what_the_models_refuse_is_refused_by_the_schema(name: str) -> None:
    written = document(GOLDEN / f"{name}.yaml")

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMAS[written["schema"]]).validate(written)


def test_an_unknown_key_of_a_phase_is_refused_by_the_schema() -> None:
    written = document(ROOT / "specs" / "auto" / "modes" / "contest.yaml")
    written["phases"][0]["wihin"] = "7d"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMAS["mode/v1"]).validate(written)


def registry() -> Registry[Any]:
    files = {**json_schemas(discover()), ANY: any_document()}
    return Registry().with_resources((name, Resource.from_contents(one)) for name, one in files.items())


@pytest.mark.parametrize("file", SHIPPED[::9], ids=lambda f: f.relative_to(ROOT).as_posix())
def test_one_schema_for_editors_leads_to_the_one_of_each_document(file: Path) -> None:
    whole = jsonschema.Draft202012Validator(any_document(), registry=registry())
    written = document(file)

    whole.validate(written)
    with pytest.raises(jsonschema.ValidationError):
        whole.validate({**written, "surplus": 1})


def test_editors_are_offered_what_may_stand() -> None:
    metrics, tiers = SCHEMAS["metrics/v1"], SCHEMAS["tiers/v1"]

    assert "spotting/promising_in_public" in metrics["$defs"]["Packed"]["properties"]["pack"]["examples"]
    assert {"count", "sum", "streak"} <= set(metrics["$defs"]["Counted"]["properties"]["take"]["enum"])
    assert tiers["properties"]["schema"]["const"] == "tiers/v1"
    assert tiers["$id"] == "tiers-v1.schema.json"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(any_document(), registry=registry()).validate({"schema": "tears/v1"})
