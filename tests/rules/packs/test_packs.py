"""Every pack that is found: it loads, its cases hold, and inference says what the reference says."""

import functools
import io
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rules.chaining import Chain, Chains
from rules.columns.verdicts import holding
from rules.compile import Compiler
from rules.condition import Condition, base_readings, sources
from rules.evaluate import truth
from rules.gate import Gate
from rules.reading import Reading
from rules.rulebook import compile_rulebook
from rules.spec import Community, load
from rules.spec.documents.metrics import Named
from rules.spec.pack import Pack, packs
from rules.values import Evidence
from tests.rules.deciding.here import DURABLE
from workflows.phases import discover

AROUND = {
    "community.yaml": """\
schema: community/v1
id: around
title: { en: Around a pack, zh: 规则包测试社区 }
zone: Asia/Shanghai
calendar: office
currency: CNY
roles:
  - { id: host, title: { en: Host, zh: 主持 } }
""",
    "calendars/office.yaml": """\
schema: calendar/v1
id: office
title: { en: Office, zh: 办公 }
work_days: [mon, tue, wed, thu, fri]
hours: "09:00-18:00"
holidays: []
valid_through: "2030-12-31"
""",
}
NAMES = sorted(name for name, pack in packs().items())
WITHOUT_ENGINE = [False, True] if DURABLE else [False]


def pack_named(name: str) -> Pack:
    found = packs()[name]
    assert isinstance(found, Pack), found
    return found


def file_of(name: str, file: str) -> bytes:
    return files(f"rules.packs.{name}").joinpath(file).read_bytes()


@functools.cache
def around(name: str) -> Community:
    """A community with the pack's own metrics and rules, and every conclusion taken over under a name of its own."""
    pack = pack_named(name)
    taken = "".join(
        f"  - {{ id: from_{one.id}, title: {{ en: {one.id}, zh: {one.id} }}, type: {one.type}, "
        + (f"places: {places}, " if (places := getattr(one, "places", None)) is not None else "")
        + f"pack: {name}/{one.id} }}\n"
        for one in pack.conclusions.values()
    )
    written = {file: text.encode() for file, text in AROUND.items()}
    written |= {file: file_of(name, file) for file in ("metrics.yaml", "rules.yaml")}
    written["metrics.yaml"] += taken.encode()
    loaded = load(written, discover())
    assert not loaded.diagnostics, loaded.diagnostics
    assert loaded.community is not None
    return loaded.community


@functools.cache
def book(name: str):
    return compile_rulebook(around(name))


def cases_of(name: str) -> list[dict[str, Any]]:
    document = YAML(typ="safe", pure=True).load(io.BytesIO(file_of(name, "cases.yaml")))
    assert document["schema"] == "pack-cases/v1"
    return list(document["cases"])


def evidence_of(name: str, case: dict[str, Any]) -> Evidence:
    gate = Gate(around(name), book(name))
    found = gate.evidence(case.get("attributes", {}), case.get("metrics", {}))
    assert not gate.ignored
    return found


def by_reference(name: str, evidence: Evidence) -> dict[str, bool | None]:
    """Each conclusion as the evaluator has it, written out, through the community's own metric."""
    return {id_: truth(node, evidence) for id_, node in written_out(name).items()}


@functools.cache
def written_out(name: str) -> dict[str, Condition]:
    compiler = Compiler(around(name))
    concluded = [id_ for id_, one in pack_named(name).conclusions.items() if isinstance(one, Named)]
    return {id_: compiler.source(f"from_{id_}").node for id_ in concluded}


@pytest.fixture(scope="module", params=[(n, d) for n in NAMES for d in WITHOUT_ENGINE], ids=str)
def chain(request):
    name, durable = request.param
    with Chain(around(name), pack_named(name), use_durable=durable) as made:
        yield name, made


CASES = [(name, case) for name in NAMES for case in cases_of(name)]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{n}: {c['name']}" for n, c in CASES])
def test_a_case_of_a_pack_holds(name, case):
    found = by_reference(name, evidence_of(name, case))

    expected = {id_: None if wanted == "unknown" else wanted for id_, wanted in case["expect"].items()}
    assert {id_: found[id_] for id_ in expected} == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_see_every_conclusion_come_true_and_fail(name):
    seen = {(id_, wanted) for case in cases_of(name) for id_, wanted in case["expect"].items()}
    concluded = {id_ for id_, one in pack_named(name).conclusions.items() if isinstance(one, Named)}
    decided = {
        (id_, found)
        for case in cases_of(name)
        for id_, found in by_reference(name, evidence_of(name, case)).items()
        if found is not None
    }

    assert {id_ for id_, _ in seen} <= concluded
    assert {(id_, wanted) for id_ in concluded for wanted in (True, False)} <= decided


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_has_a_line_for_the_catalogue_and_a_page_that_names_everything(name):
    import importlib

    pack = pack_named(name)
    page = file_of(name, "README.md").decode()

    assert (importlib.import_module(f"rules.packs.{name}").__doc__ or "").strip()
    assert [word for word in [*pack.needs, *pack.conclusions] if f"`{word}`" not in page] == []


def test_inference_says_in_steps_what_the_cases_say(chain):
    name, made = chain
    for case in cases_of(name):
        evidence = evidence_of(name, case)
        assert made.infer(evidence) == by_reference(name, evidence), case["name"]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_inference_in_steps_agrees_with_the_reference_written_out(chain, data):
    name, made = chain
    evidence = data.draw(near_the_thresholds(name))

    assert made.infer(evidence) == by_reference(name, evidence)


@functools.cache
def near_the_thresholds(name: str) -> st.SearchStrategy[Evidence]:
    """Evidence with every reading that the pack asks for, some unknown, most close to a threshold of the cases."""
    needed: set[Reading] = set()
    attributes: set[str] = set()
    for node in written_out(name).values():
        needed |= base_readings(node)
        attributes |= {n for s in sources(node) for n in getattr(s, "names", ())}
    met: dict[Reading, set[int]] = {}
    origins: dict[str, set[Any]] = {}
    for case in cases_of(name):
        given = evidence_of(name, case)
        for reading, value in given.readings.items():
            met.setdefault(reading, set()).update((value - 1, value, value + 1))
        for attribute, value in given.attributes.items():
            origins.setdefault(attribute, set()).add(value)
    readings = st.fixed_dictionaries(
        {r: st.none() | st.sampled_from(sorted(v for v in met.get(r, {0, 1, 2, 5}) if v >= 0)) for r in needed}
    )
    held = st.fixed_dictionaries({a: st.none() | st.sampled_from(sorted(origins.get(a, {"x"}))) for a in attributes})
    return st.builds(Evidence, held, readings)


@pytest.mark.parametrize("name", NAMES)
def test_the_columns_of_a_whole_community_say_the_same(name):
    people = [evidence_of(name, case) for case in cases_of(name)]
    readings = sorted({r for node in written_out(name).values() for r in base_readings(node)}, key=str)
    frame = pl.DataFrame(
        {"origin": [one.attributes.get("origin") for one in people]}
        | {reading.key: [one.readings.get(reading) for one in people] for reading in readings},
        schema={"origin": pl.String} | {reading.key: pl.Int64 for reading in readings},
    )

    for id_, node in written_out(name).items():
        surely = [by_reference(name, one)[id_] is True for one in people]
        assert holding(node, frame).to_list() == surely, id_


@pytest.mark.parametrize("name", NAMES)
def test_what_a_community_took_over_is_inferred_under_its_own_names_and_what_is_given_stands(name):
    community = around(name)
    chains = Chains(community)
    for case in cases_of(name):
        evidence = evidence_of(name, case)
        found = chains.infer(evidence).readings
        meant = by_reference(name, evidence)

        assert {id_: found[Reading(f"from_{id_}")] for id_ in meant} == meant
    first = next(iter(meant))
    told = Evidence({}, {Reading(f"from_{first}"): True})
    assert chains.infer(told).readings[Reading(f"from_{first}")] is True
    chains.close()


def test_no_pack_asks_how_many_follow_somebody():
    for name in NAMES:
        assert not [need for need in pack_named(name).needs if "follow" in need]
