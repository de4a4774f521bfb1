"""Ready: whether everything in a mode can run, or some of it is only read and checked so far."""

from __future__ import annotations

from rules.spec.documents.mode import Mode
from rules.spec.effects import verb_of
from rules.spec.people import refs
from rules.spec.phase import every_phase
from workflows.play import play_of

REPEAT = "repeat"
EACH = "each"
PARALLEL = "parallel"
RUN = "run"
STRUCTURE = (REPEAT, EACH, PARALLEL)
"""Kinds that the walk itself plays."""

UNREAD: tuple[str, ...] = ()
"""References to people that are read and checked, and cannot be looked up yet."""

LATER: tuple[str, ...] = ()
"""Effects that are read and checked, and cannot be carried out yet."""


def cannot_run(mode: Mode) -> list[str]:
    """What of a bound mode cannot run yet: phases, people and effects, each with the phase that it stands in."""
    phases = [phase for _, phase in every_phase(mode.phases)]
    kinds = [f"{one.id} ({one.kind})" for one in phases if one.kind not in STRUCTURE and play_of(one.kind) is None]
    people = {
        f"{one.id} ({ref})"
        for one in phases
        for name in ("who", "by", "never", "of")
        for ref in refs(getattr(one, name, None))
        if ref.startswith(UNREAD)
    }
    effects = {
        f"{one.id} ({verb})"
        for one in phases
        for verb in (verb_of(effect)[0] for effect in getattr(one, "effects", ()) or ())
        if verb in LATER
    }
    return [*kinds, *sorted(people), *sorted(effects)]
