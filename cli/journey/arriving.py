"""Arriving: how somebody in a group chat is spotted, asked, welcomed and seen in public for the first time."""

from __future__ import annotations

from cli.journey.hands import Hands, Lived, Stopped, at
from operations.by_form import fill_in
from operations.candidates import candidates
from operations.errors import Refusal

ACCOUNT = ("owners-group", "林晓1987")
PIECE = {"link": "https://p.example/2", "theme": "journeys"}


def spotted(hands: Hands) -> None:
    """A scout files what they saw; a connector has a second look; the person is a prospect with a source tag."""
    run = hands.start("extra-scouting", 0)
    hands.open(run, "find")
    seen = {
        "member": ":".join(ACCOUNT), "origin": "private_domain", "place": "车主交流群",
        "evidence": "https://groups.example/owners/1987", "topic": "long-distance",
        "depth": 4, "originality": 4, "passion": 5, "sharing": 5, "reputation": 4,
    }  # fmt: skip
    work = hands.desk.submit(run, "find", member="role:scout", fields=seen).id
    hands.open(run, "second-look")
    verdict = {"reason": "真心爱车"}
    hands.desk.answer(run, "second-look", by="connector-1", choice="approve", about=work, fields=verdict)
    memory = hands.room.memory
    found = hands.until(
        lambda: [one for one in candidates(memory.desk, memory.persons, hands.spec) if one.member == hands.member],
        "the prospect on the candidate list",
    )[0]
    hands.mark(0, "spotted", f"{found.tag}: {found.evidence[0].place}, consent {found.consent}")
    hands.room.gateway.cancel(run)


def agreed(hands: Hands) -> None:
    """At home they help and try things; after genuine contact they are asked, and saying yes is consent."""
    helped: list[Lived] = [
        ("replied", day, {"work": f"w-{day}", "to": "newcomer", "space": "private", "helpful": True})
        for day in range(2, 22)
    ]
    hands.record([*(("visited", day, {"minutes": 20}) for day in range(1, 30)), *helped])
    hands.review(30, stage="emerging")
    hands.review(33)
    asked = hands.item("connector", lambda item: item.form == "touched")
    hands.desk.complete(hands.community, asked.id, outcome="done", fields={"how": "liked"}, by="connector-1")
    house = hands.room.memory.house
    for day, how in ((34, "discussed"), (37, "met")):
        told = {"how": how}
        fill_in(house, hands.spec, "touched", told, about=hands.member, by="connector-1", at=at(day), key=how)
    hands.review(40)
    hands.accept("active")
    said = hands.room.memory.persons.log(hands.community, hands.member)
    hands.mark(40, "agreed", f"{said[-1].what}: {said[-1].reason.split(' ')[0]} an invitation")


def welcomed(hands: Hands) -> str:
    """A tutor, four lessons, sharing at home first, a first public piece planned and polished; returns the piece."""
    run, desk = hands.run_of("welcome-private"), hands.desk
    tutor = hands.assigned("tutor")
    for number in range(1, 5):
        hands.open(run, "lesson", number)
        desk.answer(run, "lesson", by=tutor, choice="done", fields={"subject": "writing", "passed": True})
    hands.open(run, "sharing")
    try:
        desk.submit(run, "in-public", member=hands.member, fields=PIECE)
    except Refusal:
        pass
    else:
        raise Stopped("a public piece was taken before anything was shared at home")
    shared = {"link": "https://p.example/1", "theme": "journeys"}
    desk.submit(run, "sharing", member=hands.member, fields=shared)
    hands.open(run, "plan-together")
    plan = {"theme": "journeys", "strength": "writing", "plan": "川藏线上的三个充电站"}
    desk.answer(run, "plan-together", by=tutor, choice="done", fields=plan)
    hands.open(run, "agreed")
    desk.answer(run, "agreed", by=hands.member, choice="agree")
    hands.open(run, "in-public")
    piece = desk.submit(run, "in-public", member=hands.member, fields=PIECE).id
    hands.open(run, "polish")
    reason = {"reason": "开头再直接一点"}
    desk.answer(run, "polish", by=tutor, choice="return", about=piece, fields=reason)
    desk.revise(run, "polish", work=piece, member=hands.member, fields=PIECE)
    desk.answer(run, "polish", by=tutor, choice="approve", about=piece, fields={"reason": "很好"})
    end = hands.ended(run)
    phases = [visit.phase for visit in hands.room.memory.runs.visits(run)]
    if phases.index("sharing") > phases.index("in-public"):
        raise Stopped("shared in public before at home")
    hands.mark(80, "welcomed", f"{end} with {tutor}: {len(phases)} phases")
    return piece


def reposted(hands: Hands, piece: str) -> None:
    """The first work in public is reposted by the brand within its service level."""
    fields = {"work": piece, "nature": "talk", "public": True, "field": "long-distance", "theme": "journeys"}
    hands.record([("posted", 90, fields)])
    hands.review(91)
    asked = hands.item("coordinator", lambda item: piece in item.id or item.about == piece)
    hands.desk.complete(hands.community, asked.id, outcome="done", fields={}, by="coordinator-1")
    hands.mark(91, "reposted", asked.title["en"])
