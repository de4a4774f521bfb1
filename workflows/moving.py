"""Moving: a run that is under way goes on under another version of the specs, at a boundary between two phases.

A map says what every phase of the old mode is in the new one: itself, unless it says otherwise. What the run has been
through must still be there, of the same kind and inside the same rounds; where it stands must be a place to go on from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from operations.errors import Refusal
from workflows.course import At, Course, Ending, Leg, RoundOver, Walk
from workflows.steps import Frame

GONE = ""
"""What a phase is mapped to that is not there any more, on purpose."""

Inside = tuple[str, ...]


def see_that_it_can_move(old: Course, new: Course, renamed: Mapping[str, str], visited: Collection[str]) -> None:
    """See that every phase of the old course has a place in the new one.

    Args:
        renamed: old phase → new phase, or `GONE`; every other phase is itself.
        visited: phases that the run has entered.

    Raises:
        Refusal: a phase has no place, or not the same one, with every such phase.
    """
    before, after = _places(old), _places(new)
    unknown = sorted(set(renamed) - set(before))
    if unknown:
        raise Refusal(f"{old.mode} has no phase {unknown[0]!r}.", f"Its phases: {', '.join(before)}.")
    wrong = [
        reason
        for name, (leg, inside) in before.items()
        if (reason := _misfit(name, leg, inside, after, renamed, name in visited)) is not None
    ]
    if wrong:
        raise Refusal(
            f"It cannot move: {'; '.join(wrong)}.",
            "Say what became of them: --map OLD=NEW, or --map OLD= if it is gone.",
        )


def _misfit(
    name: str, leg: Leg, inside: Inside, after: Mapping[str, tuple[Leg, Inside]], renamed: Mapping[str, str], seen: bool
) -> str | None:
    target = renamed.get(name, name)
    if target == GONE:
        return f"{name} cannot be gone, the run has been through it" if seen else None
    if target not in after:
        return f"{target} is no phase of the new version"
    there, where = after[target]
    if there.kind != leg.kind and (seen or leg.body or leg.branches):
        return f"{name} ({leg.kind}) would become {target} ({there.kind})"
    if tuple(renamed.get(one, one) for one in inside) != where:
        return f"{name} is inside {' in '.join(reversed(inside)) or 'the run itself'}, and {target} is not"
    return None


def frames_in(old: Course, new: Course, frames: tuple[Frame, ...], renamed: Mapping[str, str]) -> tuple[Frame, ...]:
    """A position in the old course as one in the new.

    Raises:
        Refusal: it stands before a phase that is gone.
    """
    walk, legs = Walk(old, frames), {leg.id: leg for leg in new.legs()}
    found: list[Frame] = []
    for number, frame in enumerate(frames):
        body = legs[renamed.get(frame.repeat, frame.repeat)].body if frame.repeat else new.phases
        if number + 1 < len(frames):
            inner = frames[number + 1].repeat
            assert inner is not None
            index = _index(body, renamed.get(inner, inner))
        else:
            match walk.here():
                case At(leg):
                    index = _index(body, renamed.get(leg.id, leg.id))
                case RoundOver() | Ending():
                    index = len(body)
        repeat = renamed.get(frame.repeat, frame.repeat) if frame.repeat else None
        loops = tuple(
            loop.model_copy(update={"phase": renamed.get(loop.phase, loop.phase)})
            for loop in frame.loops
            if renamed.get(loop.phase, loop.phase) != GONE
        )
        found.append(frame.model_copy(update={"repeat": repeat, "index": index, "loops": loops}))
    return tuple(found)


def _index(body: tuple[Leg, ...], id_: str) -> int:
    place = next((place for place, leg in enumerate(body) if leg.id == id_), None)
    if place is None:
        raise Refusal(
            f"It stands before {id_ or 'a phase that is gone'}, from which the new version does not go on.",
            "Wait until it is past it, or say with --map where it goes on.",
        )
    return place


def _places(course: Course) -> dict[str, tuple[Leg, Inside]]:
    """Every phase with what it is inside of, the outermost first: repeats, units, and branches by name."""
    found: dict[str, tuple[Leg, Inside]] = {}

    def walk(body: tuple[Leg, ...], inside: Inside) -> None:
        for leg in body:
            found[leg.id] = (leg, inside)
            walk(leg.body, (*inside, leg.id))
            for branch in leg.branches:
                walk(branch.body, (*inside, leg.id, branch.id))

    walk(course.phases, ())
    return found
