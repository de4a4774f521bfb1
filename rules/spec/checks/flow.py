"""Flow: every outcome of every phase leads somewhere, every way back is bounded, everything is reached.

Ways lead forward or, so often and no more, back: so every mode ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rules.spec.checks.at import At, meant, repaired
from rules.spec.diagnostics import listed
from rules.spec.phase import Back, PhaseSpec

_OUT = -1  # the end of the body
_WORDS = ("next", "end", "cancel")
_INSIDE = ("leave", "stop")


def flow(at: At, body: tuple[PhaseSpec, ...], *, nested: bool, also: str = "") -> None:
    """Check the ways between the phases of one body, which stand at `at`; `also` is reached from anywhere."""
    places = {phase.id: n for n, phase in enumerate(body)}
    leads: dict[int, set[int]] = defaultdict(set)
    for n, phase in enumerate(body):
        after = n + 1 if n + 1 < len(body) else _OUT
        if phase.only_if is not None:
            leads[n].add(after)
        for at_way, way, outcome in _ways(at / n, phase):
            if way is None:
                leads[n].add(after)
            else:
                leads[n] |= _targets(at_way, way, outcome, n, after, places, nested)
        if not settled(phase):
            leads[n].add(after)
    _reached(at, body, leads, [0, *(n for word, n in places.items() if word == also)])


def settled(phase: PhaseSpec) -> bool:
    """Whether the outcomes of a phase are known, and do not come with an argument."""
    return not any(str(getattr(phase, key, "")).startswith("$") for key in ("choices", "decided_by", "if_silent"))


def _ways(at: At, phase: PhaseSpec) -> Iterator[tuple[At, str | Back | None, str]]:
    """Where each outcome leads (None: on by itself), after saying which are unknown or lead nowhere."""
    outcomes = phase.outcomes()
    routed: set[str] = set()
    for outcome, way in phase.go.items():
        here = at / "go" / outcome
        if outcome in outcomes or not settled(phase):
            routed.add(outcome)
        else:
            free = [o for o in outcomes if o not in phase.go]
            known = free if repaired(outcome, free) else outcomes
            here.say("TRL320", f"'{phase.id}' never comes out as '{outcome}'", meant(outcome, known), on="key")
            routed |= set(repaired(outcome, outcomes))
        yield here, way, outcome
    if not settled(phase):
        return
    if outcomes and outcomes[0] not in phase.go:
        yield at, None, outcomes[0]
    for outcome in outcomes[1:]:
        if outcome not in routed:
            hint = f"write under go: {outcome}: next, a phase, end, end:word or cancel"
            message = f"outcome '{outcome}' of '{phase.id}' leads nowhere"
            if phase.go:
                (at / "go").say("TRL321", message, hint, on="key")
            else:
                (at / "id").say("TRL321", message, hint)


def _targets(
    at: At, way: str | Back, outcome: str, n: int, after: int, places: dict[str, int], nested: bool
) -> set[int]:
    """The places one way leads to."""
    if isinstance(way, str):
        return _one(at, way, outcome, n, after, places, nested, bounded=False)
    back = places.get(way.to)
    if back is not None and back > n:
        hint = f"write {outcome}: {way.to}; at_most is for ways back"
        (at / "at_most").say("TRL324", f"'{way.to}' comes later: there is nothing to count", hint, on="key")
    found = _one(at / "to", way.to, outcome, n, after, places, nested, bounded=True)
    return found | _one(at / "else", way.else_, outcome, n, after, places, nested, bounded=False)


def _one(
    at: At, target: str, outcome: str, n: int, after: int, places: dict[str, int], nested: bool, *, bounded: bool
) -> set[int]:
    if target == "next":
        return {after}
    if target in _INSIDE:
        if not nested:
            at.say(
                "TRL328",
                f"'{target}' leaves a repeat, each or parallel, and this phase is in none",
                "write end or cancel",
            )
        return {_OUT}
    if target in ("end", "cancel") or target.startswith("end:"):
        return {_OUT}
    if target not in places:
        known = [*places, *_WORDS, *(_INSIDE if nested else ())]
        at.say("TRL322", f"'{target}' is no phase of this body", meant(target, known))
        return {after, *(places[t] for t in repaired(target, known) if t in places)}
    if places[target] > n:
        return {places[target]}
    if not bounded:
        hint = f"write {{ to: {target}, at_most: 2, else: next }}"
        at.say("TRL323", f"'{outcome}' goes back to '{target}' without at_most; it might never end", hint)
        return {after}
    return set()


def _reached(at: At, body: tuple[PhaseSpec, ...], leads: dict[int, set[int]], todo: list[int]) -> None:
    seen: set[int] = set()
    while todo:
        n = todo.pop()
        if n not in seen and n != _OUT:
            seen.add(n)
            todo += leads[n]
    for n, phase in enumerate(body):
        if n not in seen:
            (at / n / "id").say(
                "TRL325", f"phase '{phase.id}' is never reached", "lead an outcome of an earlier phase to it"
            )


def silence(at: At, phase: PhaseSpec) -> None:
    """Check what silence counts as, and a veto, against the answers there are."""
    words = phase.silences()
    silent = getattr(phase, "if_silent", None)
    if words and isinstance(silent, str) and not silent.startswith("$") and silent not in words:
        (at / "if_silent").say("TRL329", f"silence cannot count as '{silent}' here", meant(silent, words))
    veto = getattr(phase, "veto", None)
    answers = [w for w in words or () if w != "silent"]
    if isinstance(veto, str) and answers and veto not in answers:
        (at / "veto").say("TRL329", f"'{veto}' is no choice of '{phase.id}'", meant(veto, answers))


def twice(at: At, words: list[str], what: str) -> None:
    """Say which of the words in a list are there twice; `at` holds the list."""
    for n, word in enumerate(words):
        if word in words[:n]:
            (at / n).say("TRL312", f"{what} '{word}' is there twice", f"here: {listed(words)}")
