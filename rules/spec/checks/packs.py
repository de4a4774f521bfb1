"""Metrics from packs: the pack and its conclusion are there, and so is everything that it reads."""

from __future__ import annotations

from rules.spec.checks.asked import NUMBERS, words
from rules.spec.checks.at import At
from rules.spec.checks.names import Names
from rules.spec.diagnostics import alike, listed
from rules.spec.documents.metrics import Packed
from rules.spec.pack import BrokenPack, Need, Pack, pack_of, packs


def packed(at: At, metric: Packed, names: Names) -> None:
    """Check a metric that a pack computes. A pack that is not installed is a warning: its readings may be given."""
    pack, conclusion = pack_of(metric)
    name, here = metric.pack.partition("/")[0], at / "pack"
    if isinstance(pack, BrokenPack):
        here.say("TRL363", pack.message, pack.hint)
    elif pack is None:
        if alike(name, packs()):
            here.unknown("TRL303", "pack", name, packs())
        else:
            message = f"the pack '{name}' is not installed: '{metric.id}' is unknown unless it is given"
            place = here.source.value_place(here.path)
            here.problems.at("TRL363", place, message, f"installed: {listed(packs())}", severity="warning")
    elif conclusion not in pack.conclusions:
        here.unknown("TRL303", "conclusion", conclusion, pack.conclusions, of=f"the pack '{name}'")
    else:
        meant = pack.conclusions[conclusion]
        if metric.type != meant.type:
            message = f"'{metric.pack}' is {words(meant.type)}, the metric says {metric.type}"
            (at / "type").say("TRL362", message, f"write type: {meant.type}")
            names.doubt(names.of("metric").get(metric.id, metric))
        if metric.key != "member":
            (at / "key").say("TRL302", f"'{metric.pack}' is about members, not about {metric.key}", "leave out key")
        _needs(here, metric, pack, names, pack.reads[conclusion])


def _needs(at: At, metric: Packed, pack: Pack, names: Names, reads: frozenset[str]) -> None:
    needed = [need for need in pack.document.needs if need.id in reads]
    missing = [need for need in needed if need.id not in names.of("metric") and not names.silent(need.id)]
    if missing:
        one = len(missing) == 1
        which = f"metric '{missing[0].id}', which is" if one else f"metrics {listed(n.id for n in missing)}, which are"
        hint = f"add under metrics: {_sketch(missing[0])}" + ("" if one else " and so on")
        at.say("TRL363", f"'{metric.pack}' reads the {which} not there", hint)
        return
    for need in needed:
        found = names.of("metric").get(need.id)
        if found is None:
            continue
        about = names.about(found)
        if about not in ("member", None):
            at.say("TRL302", f"'{metric.pack}' reads '{need.id}' of members, here it is about a {about}", "rename it")
        elif found.type != need.type and not (found.type in NUMBERS and need.type in NUMBERS):
            message = f"'{metric.pack}' reads '{need.id}' as {words(need.type)}, here it is {words(found.type)}"
            at.say("TRL362", message, f"a metric '{need.id}' of type {need.type}")


def _sketch(need: Need) -> str:
    places = "" if need.places is None else f", places: {need.places}"
    return f"{{ id: {need.id}, title: …, type: {need.type}{places}, from: […], take: … }}"
