"""Rights of the sample community: who has them and loses them, how often, and what may not be public yet."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from operations import review
from operations.books import check_books
from operations.embargo import publish_held_back
from operations.errors import Refusal
from operations.known import Known
from operations.perks import keep_perks
from operations.ports.effects import Deed
from operations.ports.facts import Fact
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from operations.stocktaking import take_stock, who_enjoys
from tests.scarce.depot import Walk
from tests.scarce.programme import AT, AUTO, CAST, give_title, settle_in

pytestmark = pytest.mark.servers

DAY = timedelta(days=1)
MONDAY = AT + timedelta(days=6, hours=23, minutes=30)  # the next Monday at ten, when early access is given out


@pytest.fixture(scope="module")
def settled(memory: Any) -> Iterator[Any]:
    settle_in(memory)
    yield memory
    assert check_books(memory.desk, memory.specs.current("auto")).findings == []


def signed(memory: Any, *who: str, at: datetime = AT - DAY) -> None:
    facts = [Fact(f"nda/{one}", "nda", one, at, None, {"agreed": True}) for one in who]
    memory.facts("auto").record(facts)


def stand(memory: Any, who: str, *, tier: str | None = None, stage: str | None = None, at: datetime) -> None:
    """Pin somebody somewhere, as an operator does."""
    for ladder, to in (("tier", tier), (LIFECYCLE, stage)):
        if to is not None:
            place = Place(member=who, ladder=ladder)
            memory.standings.pin("auto", place, to=to, by="kim", reason="test", at=at)


def reviewed(memory: Any, at: datetime, *parts: str) -> Any:
    """Some parts of a review without Temporal; returns the counts by part."""
    desk = memory.desk
    plan = review.begin(desk, "auto", run=f"at {at.isoformat()} {parts}", at=at, parts=parts or None)
    for part in plan.parts:
        for shard in range(review.shards_of(desk, plan, part)):
            review.look_at(desk, "auto", plan.id, part, shard)
        for batch in range(review.settle(desk, "auto", plan.id, part, size=500)):
            review.carry_out_batch(desk, "auto", plan.id, part, batch)
    return review.finish(desk, "auto", plan.id)["parts"]


def test_the_last_early_access_goes_to_the_higher_tier_and_rests_when_the_stage_is_left(settled: Any) -> None:
    memory, community, walk = settled, settled.specs.current("auto"), Walk(settled)
    holders = [Deed(key=f"had/{n}", kind="benefit", at=AT - DAY, source="had", member=f"other-{n}",
                    details={"item": "early-access", "limit": 20}) for n in range(19)]  # fmt: skip
    memory.effects.do("auto", holders)
    stand(memory, "core-7", stage="active", at=AT - DAY)
    signed(memory, "act-1", "core-7")
    runs = {who: walk.start("welcome-public", who, at=AT) for who in ("act-1", "core-7")}
    for run in runs.values():
        assert walk.open(run, "resources", AT).look_at == MONDAY

    assert walk.check(runs["core-7"], "resources", MONDAY).outcome == "done"

    lost = walk.claims(runs["act-1"], "resources")[0]
    assert (lost.state, lost.why["place"], lost.why["after"]) == ("waiting", 2, ["core-7"])
    assert lost.why["said"] == "all 20 early-access are held"
    assert walk.check(runs["act-1"], "resources", AT + 14 * DAY, due=True).outcome == "short"
    for run in runs.values():
        walk.finish(run, AT + 15 * DAY)
    assert who_enjoys(community, "early-access", ["core-7"], Known(memory.house, community, AT + 16 * DAY)) == [
        "core-7"
    ]
    stand(memory, "core-7", stage="evolving", at=AT + 17 * DAY)
    assert who_enjoys(community, "early-access", ["core-7"], Known(memory.house, community, AT + 18 * DAY)) == []


def test_perks_come_with_a_tier_and_end_with_it(settled: Any) -> None:
    memory, community = settled, settled.specs.current("auto")

    kept = keep_perks(memory.desk, community, at=AT)

    everybody = {who for who, (tier, _, _) in CAST.items() if tier != "base"}
    assert set(kept.given["brand-events"]) == everybody
    assert set(kept.given["inside-story"]) == {who for who in everybody if CAST[who][0] in ("core", "ambassador")}
    assert len(kept.waiting["early-access"]) > 0  # most of the twenty are held already
    assert keep_perks(memory.desk, community, at=AT + DAY).given == {}
    stand(memory, "amb-12", tier="base", at=AT + DAY)
    lost = keep_perks(memory.desk, community, at=AT + 2 * DAY, members=["amb-12"])
    assert {benefit for benefit, who in lost.ended.items() if who == ["amb-12"]} >= {"brand-events", "inside-story"}
    state = take_stock(memory.house, community, Known(memory.house, community, AT + 3 * DAY), at=AT + 3 * DAY)
    story = next(one for one in state.benefits if one.id == "inside-story")
    assert "amb-12" not in {one.member for one in story.holders}
    assert {one.member for one in story.holders if not one.rests} <= {"act-1", "core-7"}  # who has signed

    stand(memory, "amb-12", tier="ambassador", at=AT + 4 * DAY)
    moved = keep_perks(memory.desk, community, at=AT + 4 * DAY, members=["amb-12"])
    assert moved.given == {}, "what there is too little of is not for whoever is moved first"
    assert "amb-12" in keep_perks(memory.desk, community, at=AT + 5 * DAY).given["inside-story"]


def test_a_leader_is_supported_so_often_in_a_quarter_and_each_time_is_remembered(settled: Any) -> None:
    memory, walk = settled, Walk(settled)
    give_title(memory, "core-2", "circle-leader", AT - DAY)
    outcomes = []
    for month in range(3):
        at = AT.replace(month=4) + timedelta(days=7 * month)
        run = memory.house.runs.begin(_circle(memory, at), at_once=9)
        with memory.together():
            _support(memory, run, at)
        claim = memory.resources.of_phase(run.id, "support")[0]
        outcomes.append((claim.state, claim.why["said"]))
        walk.finish(run, at + DAY)

    assert [state for state, _ in outcomes] == ["served", "served", "unserved"]
    assert outcomes[2][1] == "core-2 has used leader-support 2 times in 2027-Q2, which is the most"
    assert memory.resources.uses("auto", "leader-support", "2027-Q2") == {"core-2": 2}


def _circle(memory: Any, at: datetime) -> Any:
    from operations.ports.runs import Run

    digest = memory.specs.current("auto").digest
    return Run(
        community="auto",
        id="auto/long-distance-circle",
        task="long-distance-circle",
        mode="circle",
        digest=digest,
        opened_at=at,
        began_at=at,
    )


def _support(memory: Any, run: Any, at: datetime) -> None:
    from operations.allocation import Allocation
    from operations.ports.resources import Demand
    from operations.ports.runs import Visit

    community = memory.specs.current("auto")
    visit = Visit(
        community="auto",
        run=run.id,
        phase="support",
        visit=1,
        kind="allocate",
        opened_at=at,
        began_at=at,
        deadline=at,
        things=("core-2",),
    )
    demand = Demand(kind="benefit", resource="leader-support")
    Allocation(memory.house, community, Known(memory.house, community, at)).ask(demand, run, visit, works={})


def test_nothing_is_public_before_its_embargo_and_inside_it_may_be_read(settled: Any) -> None:
    from operations.effects import EffectContext, carry_out
    from rules.spec.effects import Publish

    memory, community, walk = settled, settled.specs.current("auto"), Walk(settled)
    run = walk.start("parking-trial", at=AT)

    def publish(place: str, at: datetime) -> Any:
        effect = Publish.model_validate({"publish": {"what": "run.brief", "in": place}})
        context = EffectContext(
            community=community,
            source=f"test/{place}/{at.isoformat()}",
            at=at,
            resolver=walk.conduct.settings.of(run.id, "call", at=at).resolver,
            into=memory.effects,
            task="parking-trial",
        )
        return [reason for _, reason in carry_out([effect], context).refused]

    assert publish("space:plaza", AT) == ["nothing of parking-trial is public before 2027-04-20 10:00"]
    assert publish("space:council", AT) == []
    assert publish("space:plaza", datetime.fromisoformat("2027-04-20T10:00:00+08:00")) == []
    places = {fact.fields["place"] for fact in memory.facts("auto").find(kinds=["published"], limit=50)}
    assert {"plaza", "council"} <= places
    walk.finish(run, AT, "cancel")


EMBARGO = datetime.fromisoformat("2027-04-20T10:00:00+08:00")
EVERYWHERE = ["space:test-bench", "space:plaza", "channel:brand-account"]


def told_early(memory: Any, walk: Walk) -> tuple[Any, str]:
    """A run that has called everywhere before anything of it may be public, and the item that tells of it."""
    run = walk.start("parking-trial", at=AT, args={"places": EVERYWHERE})
    walk.open(run, "call", AT)
    return run, f"{run.id}/call/1#held-back"


def public(memory: Any, run: Any) -> dict[str, datetime]:
    """Where a run has published something, and when."""
    found = memory.facts("auto").find(kinds=["published"], limit=200)
    return {str(one.fields["place"]): one.at for one in found if one.fields.get("run") == run.id}


def test_what_an_embargo_holds_back_is_told_to_whoever_answers_for_it_and_published_when_it_is_over(
    settled: Any,
) -> None:
    memory, community, walk = settled, settled.specs.current("auto"), Walk(settled)
    run, item = told_early(memory, walk)

    assert public(memory, run) == {"test-bench": AT}
    told = memory.inbox.item("auto", item)
    assert told.asked == (community.modes["trial"].owner,) == ("role:product-owner",)
    assert told.title["en"] == (
        "Held back until 2027-04-20 10:00, then published by itself:"
        " Parking by itself (space:plaza, channel:brand-account)"
    )
    assert (told.due, told.about, told.state) == (EMBARGO, run.id, "open")
    assert item in {one.id for one in memory.inbox.find("auto", role="product-owner")}
    walk.open(run, "call", AT)  # tried again
    assert publish_held_back(memory.effects, community, at=EMBARGO - timedelta(seconds=1)) == 0
    assert set(public(memory, run)) == {"test-bench"}

    walk.finish(run, AT + 30 * DAY, "end:nothing-learnt")
    kept = publish_held_back(memory.effects, community, at=EMBARGO)  # as the outbox does every minute

    assert kept >= 2
    assert public(memory, run) == {"test-bench": AT, "plaza": EMBARGO, "brand-account": EMBARGO}
    assert memory.inbox.item("auto", item).state == "gone", "there is nothing to see to any more"
    assert publish_held_back(memory.effects, community, at=EMBARGO + DAY) == 0, "once"


def test_a_run_publishes_what_was_held_back_at_the_moment_at_which_it_may_on_its_own_clock(settled: Any) -> None:
    memory, walk = settled, Walk(settled)
    run, item = told_early(memory, walk)

    opened = walk.open(run, "signing-up", EMBARGO - 2 * DAY)
    assert opened.look_at == EMBARGO, "it looks up then, whatever it waits for"
    assert set(public(memory, run)) == {"test-bench"}
    walk.check(run, "signing-up", EMBARGO)

    assert public(memory, run) == {"test-bench": AT, "plaza": EMBARGO, "brand-account": EMBARGO}
    assert memory.inbox.item("auto", item).state == "gone"
    walk.finish(run, EMBARGO + DAY, "cancel")
    assert public(memory, run) == {}, "what was published in the end is taken back like anything else"


def test_an_embargo_that_is_put_off_holds_on_and_what_was_called_off_is_never_published(settled: Any) -> None:
    from rules.spec import load
    from store.folder import read_folder
    from workflows.phases import discover

    memory, community, walk = settled, settled.specs.current("auto"), Walk(settled)
    files = dict(read_folder(AUTO))
    task = files["tasks/parking-trial.yaml"]
    files["tasks/parking-trial.yaml"] = task.replace(b"2027-04-20 10:00", b"2027-05-04 10:00")
    later = load(files, discover()).community
    assert later is not None
    run, item = told_early(memory, walk)

    publish_held_back(memory.effects, later, at=EMBARGO + DAY)
    assert set(public(memory, run)) == {"test-bench"}, "as the present version says"

    walk.finish(run, AT + DAY, "cancel")
    assert memory.inbox.item("auto", item).state == "gone"
    publish_held_back(memory.effects, community, at=EMBARGO + DAY)
    assert public(memory, run) == {}


def test_nothing_of_somebody_who_took_consent_back_is_published_after_an_embargo(settled: Any) -> None:
    memory, community = settled, settled.specs.current("auto")
    details = {"place": "space:plaza", "embargo": "2027-04-20 10:00", "until": EMBARGO.isoformat(), "told": ["kim"],
               "title": {"en": "Two pieces", "zh": "两件作品"}}  # fmt: skip
    held = [
        Deed(key=f"early/{who}", kind="publish", at=AT, source="early", member=who, task="parking-trial",
             details={**details, "what": f"of {who}", "authors": [who, "base-3"]})
        for who in ("base-4", "base-5")
    ]  # fmt: skip
    assert len(memory.effects.do("auto", held).refused) == 2

    memory.persons.release(community, "base-5", at=AT + DAY)
    publish_held_back(memory.effects, community, at=EMBARGO)

    told = memory.facts("auto").find(kinds=["published"], limit=200)
    assert {one.member for one in told} & {"base-4", "base-5"} == {"base-4"}


def test_the_special_adviser_serves_a_year_and_is_renewed_or_not(settled: Any) -> None:
    memory = settled
    until = AT + timedelta(days=365)
    given = [
        Deed(
            key=f"adviser/{who}",
            kind="title",
            at=AT,
            source="adviser",
            member=who,
            details={"item": "special-adviser", "limit": 6, "until": until.isoformat()},
        )
        for who in ("amb-1", "amb-2")
    ]
    memory.effects.do("auto", given)
    works = [f"w{number}" for number in range(12)]
    memory.facts("auto").record(
        [
            Fact(
                f"public/{work}",
                "posted",
                "amb-1",
                until - timedelta(days=20 + n),
                None,
                {"work": work, "nature": "talk", "public": True},
            )
            for n, work in enumerate(works)
        ]
    )

    assert reviewed(memory, until - DAY, "titles")["titles"] == {}
    counts = reviewed(memory, until + DAY, "titles")["titles"]

    held = {one.member: one for one in memory.effects.holdings("auto") if one.item == "special-adviser"}
    assert counts.get("renew", 0) + counts["end"] == 2
    assert held["amb-2"].ended_at == until + DAY
    assert (held["amb-1"].until > until) is (counts.get("renew") == 1)
    assert counts.get("renew") == 1


def test_seats_stay_within_their_number_however_many_are_given_at_once(settled: Any) -> None:
    memory = settled

    def give(number: int) -> None:
        deed = Deed(
            key=f"seat/{number}",
            kind="title",
            at=AT,
            source="seat",
            member=f"base-{number % 5 + 1}" if number < 5 else f"guest-{number}",
            details={"item": "mentor-of-the-year", "limit": 6},
        )
        memory.effects.do("auto", [deed])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(give, range(24)))

    held = [one for one in memory.effects.holdings("auto") if one.item == "mentor-of-the-year"]
    assert len(held) == 6


def test_the_user_committee_asks_only_the_private_track_that_has_been_tested_long(settled: Any) -> None:
    memory, walk = settled, Walk(settled)
    origin = {"consent": True, "origin": "private_domain"}
    memory.members("auto").enlist([Member("new-1", AT - 300 * DAY, origin)], at=AT - 300 * DAY)
    mature = First(place=Place(member="new-1", ladder=LIFECYCLE), at="mature", since=AT - 300 * DAY)
    memory.standings.begin("auto", [mature], at=AT - 300 * DAY)
    for who in ("core-6", "core-7"):
        stand(memory, who, stage="evolving", at=AT - DAY)
    run = walk.start("core-user-committee", at=AT)

    walk.open(run, "willing", AT)

    asked = set(memory.runs.visit(run.id, "willing").asked)
    private = {who for who, (_, stage, origin) in CAST.items() if stage == "mature" and origin != "public_domain"}
    assert asked == private - {"core-6", "core-7"}  # neither who is not mature any more, nor who is not for long
    assert walk.desk.form_of(run.id, "willing") == "nda"
    for who in sorted(asked)[:7]:
        walk.now += timedelta(hours=1)
        walk.desk.enrol(run.id, member=who, fields={"agreed": True})
    with pytest.raises(Refusal, match=r"not invited|not among"):
        walk.desk.enrol(run.id, member="amb-3", fields={"agreed": True})
    walk.finish(run, AT + DAY, "cancel")


def test_the_brand_sets_the_goal_and_the_result_is_measured_against_it(settled: Any) -> None:
    from rules.spec import load
    from store.folder import read_folder
    from workflows.phases import discover

    memory, walk = settled, Walk(settled)
    files = dict(read_folder(AUTO))
    task = files["tasks/owners-council.yaml"]
    files["tasks/owners-council.yaml"] = task.replace(b"goal: young-image\n", b"")
    aimless = load(files, discover())
    assert ["owners-council", "goal"] in [
        [one.file.partition("/")[2].removesuffix(".yaml"), "goal"]
        for one in aimless.diagnostics
        if one.severity == "error" and "goal" in one.message
    ]

    run = walk.start("owners-council", at=AT)
    walk.open(run, "seated", AT)
    told = memory.facts("auto").find(kinds=["published"], limit=50)
    assert "council" in {fact.fields["place"] for fact in told if fact.fields.get("run") == run.id}
    notes = [Fact(f"visit/{n}", "gathering_note", None, AT + n * DAY, None, {"run": run.id, "visitors": 40 + n,
             "summary": "an evening"}) for n in range(2)]  # fmt: skip
    memory.facts("auto").record(notes)
    walk.open(run, "against-the-goal", AT + 300 * DAY)
    walk.check(run, "against-the-goal", AT + 330 * DAY, due=True)

    measured = walk.results(run, "against-the-goal")
    assert measured["run_visitors"]["values"] == {run.id: 81}
    assert measured["community.gathering_visitors"]["sum"] == 81
    from operations.goals import goals_of

    community, then = memory.specs.current("auto"), AT + 330 * DAY
    goal = next(one for one in goals_of(community, memory.runs, memory.measures(community), at=then)
                if one.goal == "young-image")  # fmt: skip
    assert (goal.reached, goal.share) == (False, Fraction(81, 3000)), "81 visitors of the three thousand asked for"
    assert "owners-council" in {one.task for one in goal.tasks}
    walk.finish(run, AT + 330 * DAY, "cancel")
