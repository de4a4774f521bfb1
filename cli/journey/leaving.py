"""Leaving: less time than before, a frank talk, a choice, and being honorary for life."""

from __future__ import annotations

from cli.journey.hands import Hands, Stopped, at
from operations.by_form import fill_in
from operations.ports.runs import RUNNING

FOR_LIFE = frozenset({"lifelong-honorary", "brand-friend"})


def slowed(hands: Hands) -> None:
    """They say that they cannot go on as before: a talk begins, nothing is taken, new sprouts are looked for."""
    memory = hands.room.memory
    told = {"reason": "life"}
    fill_in(memory.house, hands.spec, "cannot_go_on", told, about=hands.member, by=hands.member, at=at(300))
    hands.review(301, stage="evolving")
    started = [one for one in memory.runs.runs(hands.community) if one.task == "extra-scouting"]
    if len(started) < 2:
        raise Stopped("nobody looks for sprouts after a mature member has left the stage")
    hands.mark(301, "slowing down", f"still {hands.tier()}; scouting begun")


def talked(hands: Hands) -> None:
    """A frank talk with an outcome, thanks that name what was given, a choice."""
    run = hands.run_of("farewell-talk")
    contact = hands.assigned("contact")
    hands.open(run, "talk")
    talk = {"situation": "孩子出生了", "thanked_for": "一路的分享"}
    hands.desk.answer(run, "talk", by=contact, choice="done", fields=talk)
    hands.open(run, "choice")
    told = hands.room.memory.outbox.of(hands.community, hands.member)
    thanks = [one for one in told if one.what == "message:thanks"]
    given = thanks[0].values.get("contributions.en", "") if thanks else ""
    if not given:
        raise Stopped("the thanks do not say what for")
    hands.desk.answer(run, "choice", by=hands.member, choice="honorary")
    hands.ended(run)
    hands.mark(310, "talked", f"thanked for {given}")


def honoured(hands: Hands) -> None:
    """Honorary: titles for life; after a silent year nothing is lost, and the celebration is not without them."""
    hands.review(330, stage="honorary")
    hands.mark(330, "honorary", "titles for life")
    hands.review(730)
    effects = hands.room.memory.effects
    held = {one.item for one in effects.holdings(hands.community, hands.member, at=at(730))}
    if not held >= FOR_LIFE or hands.stage() != "honorary" or hands.tier() != "core":
        raise Stopped("an honorary member was assessed")
    run = hands.start("annual-celebration", 730)
    if hands.member not in hands.open(run, "guests").asked:
        raise Stopped("an honorary member is not invited to the annual celebration")
    hands.desk.enrol(run, member=hands.member, fields={})
    hands.mark(730, "still honorary", f"after a silent year {', '.join(sorted(held))}; invited to the celebration")
    hands.room.gateway.cancel(run)


def finished(hands: Hands) -> None:
    """What still accompanies them is ended, so that nothing is left running."""
    memory = hands.room.memory
    for run in memory.runs.runs(hands.community, status=RUNNING):
        hands.room.gateway.cancel(run.id)
    hands.until(lambda: not memory.runs.runs(hands.community, status=RUNNING, limit=1), "the end of all runs")
