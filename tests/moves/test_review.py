"""Review: who moves, what follows, and that nothing happens twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cli.memory import Memory
from operations import membership, review
from operations.books import check_books
from operations.ports.effects import Deed
from operations.ports.standings import Place
from rules.spec import Community
from tests.moves.club import AT, TIERS, facts, people, publish, reviewed

pytestmark = pytest.mark.servers


@pytest.fixture
def club(remembered: Memory) -> Community:
    community = publish(remembered)
    people(remembered, community, "ann", "bob", "cai", "dee", "eva", "fay", "gus")
    remembered.effects.staff("club", "keeper", ["kim", "kit"])
    return community


def tier_of(memory: Memory, member: str) -> str:
    held = memory.standings.one("club", Place(member=member, ladder="tier"))
    return "guest" if held is None or held.at is None else held.at


def test_whoever_earns_a_tier_rises_silently_with_its_effects(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    facts(remembered, club, "posted", "bob", [1])

    counts = reviewed(remembered)

    assert counts["tier"]["moved:guest>regular"] == 1
    assert counts["lifecycle"]["moved:none>alive"] == 2
    assert tier_of(remembered, "ann") == "regular"
    assert tier_of(remembered, "bob") == "guest"
    assert [b.amount for b in remembered.effects.balances("club", "points")] == [50]
    assert remembered.effects.assigned("club", "ann") == {"contact": "kim"}
    assert remembered.outbox.counts("club")["waiting"] == 1
    moved = remembered.facts(club).find(kinds=["moved_tier"])
    assert [(fact.member, fact.fields["from"], fact.fields["to"]) for fact in moved] == [("ann", "guest", "regular")]
    decided = remembered.decisions.of("club", "ann")
    assert {one.decision.rule for one in decided} == {"tier", "lifecycle"}
    tier = next(one.decision for one in decided if one.decision.rule == "tier")
    assert [(r.metric, r.value, r.threshold, r.truth) for r in tier.reasons] == [("posts", 3, 3, True)]
    assert remembered.effects.audit("club") == []
    assert remembered.decisions.verify("club").ok


def test_a_second_review_of_the_same_moment_changes_nothing(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [1, 2, 3, 4, 5])
    reviewed(remembered)
    before = remembered.effects.totals("club")

    counts = reviewed(remembered)

    assert "moved:guest>regular" not in counts["tier"]
    assert remembered.effects.totals("club") == before


def test_two_reviews_of_one_second_are_two(remembered: Memory, club: Community) -> None:
    desk = remembered.desk
    soon = AT + timedelta(milliseconds=400)

    ids = [review.begin(desk, "club", run=f"run {n}", at=at).id for n, at in enumerate((AT, soon, AT))]

    assert [id.rpartition("/")[2] for id in ids] == ["1", "2", "3"]
    assert review.begin(desk, "club", run="run 1", at=soon).id == ids[1]


def test_a_batch_that_is_carried_out_again_changes_nothing(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    desk = remembered.desk
    plan = review.begin(desk, "club", run="r", at=AT, parts=["tier"])
    assert review.begin(desk, "club", run="r", at=AT, parts=["tier"]) == plan
    for _ in range(2):
        review.look_at(desk, "club", plan.id, "tier", 0)
    assert review.settle(desk, "club", plan.id, "tier") == 1
    review.carry_out_batch(desk, "club", plan.id, "tier", 0)

    with pytest.raises(review.AlreadyDone):
        review.carry_out_batch(desk, "club", plan.id, "tier", 0)

    assert len(remembered.facts(club).find(kinds=["moved_tier"])) == 1
    assert remembered.decisions.verify("club").decisions == 1
    assert review.finish(desk, "club", plan.id) == review.finish(desk, "club", plan.id)


def test_grace_is_told_on_the_first_day_and_ends_in_a_fall_or_well(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [40, 41, 42])
    facts(remembered, club, "posted", "bob", [40, 41, 42])
    reviewed(remembered, AT - timedelta(days=39))
    assert tier_of(remembered, "ann") == tier_of(remembered, "bob") == "regular"

    told = remembered.outbox.pending("club")
    counts = reviewed(remembered, AT)
    assert counts["tier"]["grace"] == counts["tier"]["grace_begins"] == 2
    assert remembered.outbox.pending("club") == told + 2
    facts(remembered, club, "posted", "bob", [-1])
    counts = reviewed(remembered, AT + timedelta(days=3))
    assert counts["tier"]["grace"] == 1
    assert counts["tier"]["grace_ends"] == 1
    assert "grace_begins" not in counts["tier"]
    reviewed(remembered, AT + timedelta(days=7))

    assert tier_of(remembered, "ann") == "guest"
    assert tier_of(remembered, "bob") == "regular"


def test_rules_act_again_only_as_often_as_they_say(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [1, 2, 3, 4, 5])
    facts(remembered, club, "posted", "bob", [1, 2, 3, 4, 5])

    first = reviewed(remembered)
    again = reviewed(remembered, AT + timedelta(days=3))
    later = reviewed(remembered, AT + timedelta(days=10))

    assert first["rules:member"]["fired:prolific"] == 2
    assert first["rules:member"]["fired:silent"] == 5
    assert first["rules:community"]["fired:lively"] == 1
    assert again["rules:member"]["true:prolific"] == 2
    assert not any(name.startswith("fired") for part in again.values() for name in part)
    assert later["rules:member"]["fired:prolific"] == 2
    assert "fired:silent" not in later["rules:member"]
    points = {b.account: b.amount for b in remembered.effects.balances("club", "points")}
    assert points == {"ann": 65, "bob": 65}  # 50 for the tier, 10 and what the cap of 15 leaves
    assert len(remembered.effects.candidates("club", "tier", "trusted")) == 4
    assert [item.title["en"] for item in remembered.inbox.find("club", role="head")] == ["Celebrate"]
    facts(remembered, club, "posted", "cai", [-12])
    reviewed(remembered, AT + timedelta(days=13))
    silent = reviewed(remembered, AT + timedelta(days=60))
    assert silent["rules:member"]["fired:silent"] == 3  # cai, ann and bob anew; the rest has been silent all along


def test_seats_go_to_those_who_come_first_and_the_rest_waits(remembered: Memory, club: Community) -> None:
    for number, member in enumerate(["ann", "bob", "cai", "dee"]):
        facts(remembered, club, "posted", member, [n / 10 for n in range(8 + number)])
    reviewed(remembered)
    watched = reviewed(remembered, AT + timedelta(days=1))
    assert watched["tier"]["observation_begins"] == 4

    counts = reviewed(remembered, AT + timedelta(days=9), seed="s")

    assert counts["tier"]["promote"] == 4
    assert counts["tier"]["no_seat"] == 2
    assert counts["tier"]["asked"] == 2
    asked = remembered.memberships.unstarted("club")
    assert [one.member for one in asked] == ["cai", "dee"]
    assert remembered.standings.waiting("club") == 2
    again = reviewed(remembered, AT + timedelta(days=10))
    assert again["tier"]["no_seat"] == 2
    assert again["tier"]["waiting"] == 2


def test_an_observation_with_a_gap_begins_anew(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [n / 10 for n in range(9)])
    reviewed(remembered)
    reviewed(remembered, AT + timedelta(days=1))
    facts(remembered, club, "warned", "ann", [-3])
    gap = reviewed(remembered, AT + timedelta(days=4))
    after = reviewed(remembered, AT + timedelta(days=9))

    assert gap["tier"]["observation_ends"] == 1
    assert "asked" not in after["tier"]


def test_pinned_and_exempt_members_stay(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    facts(remembered, club, "posted", "bob", [1, 2, 3])
    facts(remembered, club, "warned", "bob", [1, 2, 3])
    place = Place(member="ann", ladder="tier")
    remembered.standings.pin("club", place, to="guest", by="kim", reason="a talk is under way", at=AT)

    reviewed(remembered, AT - timedelta(hours=1))
    reviewed(remembered)

    assert tier_of(remembered, "ann") == "guest"
    assert tier_of(remembered, "bob") == "regular"
    resting = remembered.standings.one("club", Place(member="bob", ladder="lifecycle"))
    assert resting is not None
    assert resting.at == "resting"
    held = remembered.standings.one("club", Place(member="bob", ladder="tier"))
    assert held is not None
    assert held.exempt


def test_sizes_count_everybody_once(remembered: Memory, club: Community) -> None:
    facts(remembered, club, "posted", "ann", [1, 2, 3])
    reviewed(remembered)

    sizes = remembered.standings.sizes(club)

    assert sizes["tier"] == {"guest": 6, "regular": 1, "trusted": 0}
    assert sizes["lifecycle"] == {"alive": 1, "resting": 0, "none": 6}


def test_a_grace_that_was_promised_is_kept_when_the_spec_changes(remembered: Memory, club: Community) -> None:
    for member in ("ann", "bob"):
        facts(remembered, club, "posted", member, [40, 41, 42])
    reviewed(remembered, AT - timedelta(days=39))
    reviewed(remembered, AT)
    harder = TIERS.replace("keep: { posts: { at_least: 1, over: 30d } }", "keep: { posts: { at_least: 9, over: 30d } }")
    publish(remembered, tiers=harder.replace("grace: 7d", "grace: 1d"))
    facts(remembered, club, "posted", "bob", [-1])

    counts = reviewed(remembered, AT + timedelta(days=4))

    assert counts["tier"]["grace"] == 2  # neither is cut short by the new day of grace
    assert counts["tier"]["grace_ends"] == 1  # bob meets what was asked of him when he was told
    reviewed(remembered, AT + timedelta(days=7))
    assert tier_of(remembered, "ann") == "guest"


def test_a_title_is_renewed_or_ended_at_the_end_of_its_term(remembered: Memory, club: Community) -> None:
    given = [
        Deed(
            key=f"given/{who}",
            kind="title",
            at=AT,
            source="given",
            member=who,
            details={"item": "greeter", "until": (AT + timedelta(days=30)).isoformat()},
        )
        for who in ("ann", "bob")
    ]
    remembered.effects.do("club", given)
    facts(remembered, club, "posted", "ann", [-20, -21])
    early = reviewed(remembered, AT + timedelta(days=29))
    counts = reviewed(remembered, AT + timedelta(days=31))

    assert early["titles"] == {}
    assert counts["titles"] == {"effects": 1, "end": 1, "renew": 1}
    held = {one.member: one for one in remembered.effects.holdings("club") if one.item == "greeter"}
    assert held["ann"].until == AT + timedelta(days=60)
    assert held["ann"].ended_at is None
    assert held["bob"].ended_at == AT + timedelta(days=31)
    assert [fact.member for fact in remembered.facts(club).find(kinds=["ended"])] == ["bob"]


def test_a_seat_that_was_taken_meanwhile_is_not_taken_twice(remembered: Memory, club: Community) -> None:
    for member in ("ann", "bob"):
        facts(remembered, club, "posted", member, [n / 10 for n in range(8)])
    reviewed(remembered)
    reviewed(remembered, AT + timedelta(days=1))
    reviewed(remembered, AT + timedelta(days=9), seed="s")
    asked = remembered.memberships.unstarted("club")
    assert [one.member for one in asked] == ["ann", "bob"]
    by_hand = Place(member="cai", ladder="tier")
    remembered.standings.pin("club", by_hand, to="trusted", by="kim", reason="a founder", at=AT + timedelta(days=10))

    late = AT + timedelta(days=11)
    first, second = (membership.conclude(remembered.desk, "club", one.id, because="", at=late) for one in asked)
    once_more = membership.conclude(remembered.desk, "club", asked[0].id, because="", at=late)

    assert (first, second, once_more) == ("no_seat", "moved", "no_seat")
    assert remembered.standings.counts("club", "tier")["trusted"] == 2
    assert remembered.standings.waiting("club") == 0
    assert check_books(remembered.desk, club).balance


def test_reviews_side_by_side_never_give_more_seats_than_there_are(remembered: Memory) -> None:
    two_seats = TIERS.replace("    observe: 7d\n", "")
    for line in ("approval", "invitation"):
        two_seats = "\n".join(one for one in two_seats.splitlines() if not one.strip().startswith(f"{line}:")) + "\n"
    club = publish(remembered, tiers=two_seats)
    everybody = [f"p{number:02d}" for number in range(16)]
    people(remembered, club, *everybody)
    for member in everybody:
        facts(remembered, club, "posted", member, [n / 10 for n in range(9)])
    reviewed(remembered)
    assert {tier_of(remembered, member) for member in everybody} == {"regular"}
    most: list[int] = []

    def at_once(number: int) -> None:
        run, at = f"beside {number}", AT + timedelta(days=1, seconds=number)
        plan = review.begin(remembered.desk, "club", run=run, at=at, shard_size=4)
        for part in plan.parts:
            for shard in range(review.shards_of(remembered.desk, plan, part)):
                review.look_at(remembered.desk, "club", plan.id, part, shard)
            for batch in range(review.settle(remembered.desk, "club", plan.id, part, size=4)):
                review.carry_out_batch(remembered.desk, "club", plan.id, part, batch)
                most.append(remembered.standings.counts("club", "tier").get("trusted", 0))
        review.finish(remembered.desk, "club", plan.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(at_once, range(6)))

    assert max(most) == 2, "never above the limit, not even for a moment"
    assert remembered.standings.counts("club", "tier")["trusted"] == 2
    stars = [one.member for one in remembered.effects.holdings("club") if one.item == "star" and one.ended_at is None]
    assert sorted(stars) == sorted(member for member in everybody if tier_of(remembered, member) == "trusted")
    assert check_books(remembered.desk, club).balance
