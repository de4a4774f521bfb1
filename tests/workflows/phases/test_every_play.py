"""Every kind of phase, driven by people who do anything at all: nothing illegal gets in, nothing legal is lost.

Kinds are found, not listed: whatever has a play is driven, on the stages of its own cases. A verb that a kind takes
stands in one of its cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.ports.runs import Act, Entry, Planned, Work
from operations.rehearsal import Crowd
from tests.workflows.phases import staging
from tests.workflows.phases.staging import KINDS, OPENED, stage
from workflows.play import ROLE, Closing, Kind, Scene
from workflows.simulated import act_of

VERBS = ("enrol", "decline", "withdraw", "verdict", "revise", "score", "answer", "claim", "confirm", "place",
         "set_day", "attend", "minutes", "submit")  # fmt: skip
cases = cache(staging.cases)

GARBAGE = ("", "nobody", "w99", "role:nobody", "..", "m1/../m2")
HAPPENS_BY_ITSELF = ("do", "wait", "run", "allocate", "measure")
END = OPENED + timedelta(days=400)


@dataclass
class Stage:
    """A play with what is known of it from its own cases."""

    kind: str
    play: Kind
    phase: Any
    scene: Scene
    name: str
    legal: list[Planned] = field(default_factory=list)


@cache
def stages(kind: str) -> tuple[Stage, ...]:
    """The openings of all cases of a kind in which it does not come out at once."""
    found = []
    for of, case in cases():
        if of != kind:
            continue
        play, phase, scene = stage(kind, case)
        works = {} if kind == "submit" else scene.works
        begins = replace(scene, at=OPENED, acts=(), works=works, due=False)
        if play.opening(phase, begins).outcome is None:
            found.append(Stage(kind, play, phase, begins, case["name"], legal=list(improvised(play, phase, begins))))
    return tuple(found)


def improvised(play: Kind, phase: Any, scene: Scene, seed: int = 1) -> Sequence[Planned]:
    crowd = Crowd(seed, "here", run="c/t/1", people=lambda: [f"m{n}" for n in range(9)], size=6, form=lambda kind: {})
    return play.improvise(phase, scene, crowd)


@cache
def verbs_of(kind: str) -> frozenset[str]:
    """What can be done in a kind at all: what its cases and its simulated participants do."""
    said = {act["does"] for of, case in cases() if of == kind for act in case.get("acts", ())}
    return frozenset(said | {one.verb for known in stages(kind) for one in known.legal})


@cache
def pool(kind: str) -> tuple[list[str], list[str], list[str | None]]:
    """People, things and answers that occur in the cases of a kind, and some that occur nowhere."""
    people, things, choices = set(GARBAGE), set(GARBAGE), {None, "maybe", "approve", "return", "done"}
    for known in stages(kind):
        scene = known.scene
        people |= {*scene.asked, *scene.never, *(work.author for work in scene.works.values())}
        people |= {who for group in scene.groups.values() for who in group} | {one.id for one in scene.free()}
        things |= {*scene.things, *scene.works, *(request.about for request in opened(known).requests)}
        things |= {slot.id for slot in getattr(known.phase, "slots", ()) or ()}
        people |= {one.by for one in known.legal} | {one.role for one in known.legal if one.role}
        things |= {one.about for one in known.legal}
        choices |= {one.choice for one in known.legal}
        choices |= {choice for request in opened(known).requests for choice in request.choices}
    people |= {who.removeprefix(ROLE) for who in people}
    return sorted(people), sorted(things), sorted(choices, key=str)


def opened(known: Stage) -> Any:
    return known.play.opening(known.phase, known.scene)


# ------------------------------------------------------------------------------------------------------------ one drive
@dataclass
class Drive:
    """People at one phase: every move is asked about first, as the desk does."""

    on: Stage
    scene: Scene
    taken: list[Act] = field(default_factory=list)
    seq: int = 0

    def do(self, act: Act | Entry) -> str | None:
        """Why not; None: it was done."""
        at = replace(self.scene, at=act.at)
        reason = self.on.play.refusal(self.on.phase, at, act)
        if reason is not None:
            assert self.on.play.refusal(self.on.phase, at, act) == reason
            return reason
        self.seq += 1
        if isinstance(act, Entry):
            id_ = f"c/t/1/phase/1/{act.author}/{self.seq}"
            work = Work(community="c", id=id_, run="c/t/1", phase="phase", visit=1, author=act.author, at=act.at)
            work = replace(work, seq=self.seq, fields=act.fields, into=act.into)
            self.scene = replace(self.scene, works={**self.scene.works, id_: work})
            return None
        act = replace(act, visit=1, seq=self.seq)
        key = (act.by, act.about, act.verb, act.version)
        others = [one for one in self.scene.acts if (one.by, one.about, one.verb, one.version) != key]
        self.scene = replace(self.scene, acts=(*others, act))
        self.taken = [*(one for one in self.taken if (one.by, one.about, one.verb, one.version) != key), act]
        if act.verb == "revise" and act.about in self.scene.works:
            revised = replace(self.scene.works[act.about], version=act.version, fields=act.fields)
            self.scene = replace(self.scene, works={**self.scene.works, act.about: revised})
        return None

    def over(self, at: datetime) -> bool:
        return self.on.play.progress(self.on.phase, replace(self.scene, at=at)).over

    def close(self, at: datetime, *, due: bool) -> Closing:
        return self.on.play.closing(self.on.phase, replace(self.scene, at=at, due=due))


def impossible(on: Stage, scene: Scene, act: Act | Entry) -> str | None:
    """Why a move cannot be legal, whatever the kind says about it; None: it may be."""
    phase = on.phase
    if isinstance(act, Entry):
        return None if on.kind == "submit" else "no works are taken here"
    if act.verb not in verbs_of(on.kind):
        return f"nobody can {act.verb} here"
    if act.verb == "revise":
        return None if act.by in scene.authors_of(act.about) else "not their work"
    if hasattr(phase, "if_silent"):
        if act.by not in scene.asked and (act.role is None or act.role not in scene.asked):
            return "not asked"
        if act.by in scene.never or act.role in scene.never:
            return "kept out"
        if act.by in scene.authors_of(act.about):
            return "the own work"
        if getattr(phase, "of", None) is not None and act.about not in scene.things:
            return "nothing that is asked about"
    return None


def told(closing: Closing, act: Act) -> bool:
    """Whether an act can be found in how a phase came out."""
    return any(note.member == act.by or note.fields.get("by") == act.by for note in closing.notes) or named(
        closing.results, act.by
    )


def named(value: Any, who: str) -> bool:
    if isinstance(value, dict):
        return any(named(one, who) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple):
        return any(named(one, who) for one in value)
    return bool(value == who)


def check_closing(on: Stage, scene: Scene, closing: Closing) -> None:
    """Whatever was done, a phase comes out by name, and its books balance."""
    assert closing.outcome in on.phase.outcomes(), f"{on.kind}: {closing.outcome}"
    keys = [(note.kind, note.key) for note in closing.notes]
    assert len(keys) == len(set(keys)), "a fact would be lost: two of one name"
    for thing, (state, credit) in closing.works.items():
        assert thing in scene.works
        assert state in ("accepted", "refused")
        assert (credit is not None and credit >= 0) == (state == "accepted")
    accepted = [note for note in closing.notes if note.kind == "accepted"]
    if accepted:
        per_work = {thing: credit for thing, (state, credit) in closing.works.items() if state == "accepted"}
        assert {note.fields["work"] for note in accepted} == set(per_work)
    for note in closing.notes:
        assert note.at >= OPENED
        assert note.member is None or not note.member.startswith(ROLE)


# ------------------------------------------------------------------------------------------------------- the properties
@st.composite
def moves(draw: st.DrawFn, kind: str) -> list[Act | Entry]:
    """Anything that anybody might try, in order of time."""
    people, things, choices = pool(kind)
    criteria = st.dictionaries(st.sampled_from(["wit", "image", "taste", "day", "x"]), st.integers(-2, 12), max_size=3)
    found: list[Act | Entry] = []
    at = OPENED
    for _ in range(draw(st.integers(0, 12))):
        at += timedelta(hours=draw(st.integers(0, 30)))
        by = draw(st.sampled_from(people))
        if draw(st.integers(0, 5)) == 0:
            found.append(Entry(author=by, at=at, into=draw(st.sampled_from([None, *things]))))
            continue
        act = Act(
            verb=draw(st.sampled_from(VERBS[:-1])),
            by=by,
            at=at,
            about=draw(st.sampled_from(things)),
            role=draw(st.sampled_from([None, None, *(one for one in people if one.startswith(ROLE))])),
            choice=draw(st.sampled_from(choices)),
            fields=draw(st.one_of(st.just({}), criteria, st.just({"day": "1d"}))),
            version=draw(st.sampled_from([1, 1, 1, 2, 3])),
        )
        found.append(act)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_verb_of_every_kind_is_one_that_the_desk_knows(kind: str) -> None:
    from operations.ports import runs

    known = set(get_args(runs.Verb)) | {"submit"}
    assert verbs_of(kind) <= known
    assert verbs_of(kind) or kind in HAPPENS_BY_ITSELF


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_no_illegal_move_is_accepted_and_every_refusal_is_a_sentence(kind: str, data: st.DataObject) -> None:
    known = stages(kind)
    if not known:
        return
    on = data.draw(st.sampled_from(known))
    drive = Drive(on, on.scene)
    for act in data.draw(moves(kind)):
        because = impossible(on, drive.scene, act)
        before = drive.scene
        reason = drive.do(act)
        if because is not None:
            assert reason is not None, f"accepted: {because}: {act}"
        if reason is not None:
            assert drive.scene is before
            words = reason.split()
            assert len(words) >= 3, reason
            assert "Traceback" not in reason
            assert "{" not in reason
            assert "None" not in words
    closing = drive.close(END, due=True)
    check_closing(on, replace(drive.scene, at=END), closing)
    for act in drive.taken:
        assert told(closing, act), f"lost: {act}"


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_no_legal_move_is_lost_whatever_others_try_in_between(kind: str, data: st.DataObject) -> None:
    known = [one for one in stages(kind) if one.legal]
    if not known:
        return
    on = data.draw(st.sampled_from(known))
    legal = list(improvised(on.play, on.phase, on.scene, seed=data.draw(st.integers(1, 50))))
    others = data.draw(moves(kind))
    calm, rough = Drive(on, on.scene), Drive(on, on.scene)
    for act in until_over(calm, legal):
        reason = calm.do(act)
        assert reason is None, f"refused a legal move: {reason}: {act}"
        for other in others:
            if impossible(on, rough.scene, replace(other, at=act.at)) is not None:
                rough.do(replace(other, at=act.at))
        assert rough.do(act) is None
    assert calm.close(END, due=True) == rough.close(END, due=True)
    for act in calm.taken:
        assert told(calm.close(END, due=True), act), f"lost: {act}"


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_when_everything_is_in_more_time_changes_no_outcome(kind: str, data: st.DataObject) -> None:
    known = [one for one in stages(kind) if one.legal]
    if not known:
        return
    on = data.draw(st.sampled_from(known))
    drive = Drive(on, on.scene)
    for act in until_over(drive, list(improvised(on.play, on.phase, on.scene, seed=data.draw(st.integers(1, 50))))):
        drive.do(act)
    last = max([OPENED, *(one.at for one in drive.scene.acts), *(one.at for one in drive.scene.works.values())])
    if drive.over(last):
        assert drive.close(last, due=False).outcome == drive.close(END, due=True).outcome


def until_over(drive: Drive, planned: list[Planned]) -> Iterator[Act | Entry]:
    """What simulated participants do, in order of time, until everything is in."""
    for one in sorted(planned, key=lambda one: (one.at, one.seq)):
        if drive.over(one.at):
            return
        yield Entry(author=one.by, at=one.at, fields=one.fields) if one.verb == "submit" else act_of(one, 1)
