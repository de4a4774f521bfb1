"""Effects: done once, undone in reverse, and the books balance whatever happens in between."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cli.memory import Memory
from operations.books import check_books
from operations.effects import EffectContext, Ranked, carry_out
from operations.ports.effects import Deed
from operations.prizes import parts
from rules.spec import Community
from rules.spec.effects import Effect
from tests.moves.club import AT, people, publish

pytestmark = pytest.mark.servers

_EFFECT = TypeAdapter(Effect)


@dataclass
class Around:
    """A resolver that knows a few names."""

    works: Sequence[Ranked] = ()
    ledger: Mapping[str, int] = field(default_factory=dict)

    def people(self, who: Any) -> Sequence[str]:
        if isinstance(who, str):
            return {"subject": ["ann"], "all": ["ann", "bob", "cai"]}.get(who, [who])
        return [person for one in who for person in self.people(one)]

    def ranked(self, who: Any) -> Sequence[Ranked] | None:
        return self.works if who == "works" else None

    def things(self, ref: str) -> Sequence[str]:
        return [work.id for work in self.works] if ref == "works" else [ref]

    def shares(self, who):
        return {}

    def credit(self, ref: str) -> Mapping[str, int]:
        return self.ledger

    def value(self, name: str, subject: str | None) -> Any:
        return name


@pytest.fixture(scope="module")
def club(memory: Memory) -> Community:
    community = publish(memory)
    people(memory, community, "ann", "bob", "cai", "dee", "eva")
    return community


@pytest.fixture
def context(memory: Memory, club: Community, request: pytest.FixtureRequest) -> EffectContext:
    return EffectContext(
        community=club,
        source=f"club/{request.node.name}/1",
        at=AT,
        resolver=Around(),
        into=memory.effects,
        origin="test",
        subject="ann",
        run=None,
        task="show",
    )


def effects(*written: dict[str, Any]) -> list[Any]:
    return [_EFFECT.validate_python(_frozen(one)) for one in written]


def _frozen(value: Any) -> Any:
    """Lists as the reader gives them."""
    if isinstance(value, dict):
        return {name: _frozen(one) for name, one in value.items()}
    return tuple(_frozen(one) for one in value) if isinstance(value, list | tuple) else value


def left(memory: Memory, kind: str, account: str) -> int:
    return next((b.amount for b in memory.effects.balances("club", kind) if b.account == account), 0)


def test_the_same_effect_is_done_once(memory: Memory, context: EffectContext, club: Community) -> None:
    before = left(memory, "points", "bob")
    award = effects(
        {"award": {"to": "all", "give": [{"points": 30}]}}, {"notify": {"to": "all", "what": "message:welcome"}}
    )

    first, second = carry_out(award, context), carry_out(award, context)

    assert (first.new, first.known, second.new, second.known) == (6, 0, 0, 6)
    assert left(memory, "points", "bob") == before + 30
    assert check_books(memory.desk, club).findings == []


def test_places_of_a_ranking_get_their_own_prizes_and_shares(memory: Memory, context: EffectContext) -> None:
    works = (
        Ranked(id="w1", authors=("ann", "bob"), place=1, shares={"ann": 70, "bob": 30}),
        Ranked(id="w2", authors=("cai",), place=2),
        Ranked(id="w3", authors=("dee",), place=3),
    )
    before = {who: left(memory, "points", who) for who in ("ann", "bob", "cai", "dee")}
    award = effects(
        {
            "award": {
                "to": "works",
                "give": [
                    {"places": (1, 1), "points": 101, "split": "credit"},
                    {"places": (2, 3), "points": 20},
                    {"points": 1},
                ],
            }
        }
    )

    carry_out(award, replace(context, resolver=Around(works)))

    gained = {who: left(memory, "points", who) - before[who] for who in before}
    assert gained == {"ann": 72, "bob": 31, "cai": 21, "dee": 21}


def test_nothing_is_spent_that_is_not_there(memory: Memory, context: EffectContext, club: Community) -> None:
    memory.effects.stocked("club", "mug", 3, by="kim", at=AT, key="delivery 1")
    memory.effects.stocked("club", "mug", 3, by="kim", at=AT, key="delivery 1")
    give = effects({"award": {"to": ("ann", "bob", "cai", "dee"), "give": [{"gift": "mug", "budget": "fund"}]}})
    done = carry_out(give, context)
    spend = effects({"award": {"to": "all", "give": [{"money": "15.00 CNY", "budget": "fund"}]}})
    money = carry_out(spend, replace(context, source=f"{context.source}/more"))

    assert [reason for _, reason in done.refused] == ["no mug left in stock"]
    assert len(money.refused) == 2  # 180.00 of 200.00 went into mugs
    assert left(memory, "budget", "fund") == 500
    assert len(memory.inbox.find("club", role="keeper")) == 3
    assert check_books(memory.desk, club).findings == []

    memory.effects.undo("club", context.source, at=AT + timedelta(days=1))

    assert left(memory, "budget", "fund") == 20_000
    assert left(memory, "stock", "mug") == 3
    assert memory.inbox.find("club", role="keeper") == []
    assert check_books(memory.desk, club).findings == []


def test_each_book_is_told_from_what_caused_it_to_what_is_left(
    memory: Memory, context: EffectContext, club: Community
) -> None:
    def lines() -> dict[str, tuple[int, int, int]]:
        told = memory.effects.statement("club")
        return {f"{one.book} {one.account}": (one.came, one.went, one.left) for one in told}

    before = lines()
    memory.effects.stocked("club", "mug", 3, by="kim", at=AT, key="delivery told")
    here = replace(context, source="told")
    carry_out(effects({"award": {"to": "ann", "give": [{"gift": "mug", "budget": "fund"}, {"points": 7}]}}), here)
    carry_out(effects({"award": {"to": "bob", "give": [{"money": "15.00 CNY", "budget": "fund"}]}}), here)
    after = lines()

    grown = {
        name: tuple(now - then for now, then in zip(after[name], before.get(name, (0, 0, 0)), strict=True))
        for name in after
    }
    assert grown["stock mug"] == (3, 1, 2)
    assert grown["budget fund"][1] == 6_000 + 1_500
    assert grown["points members"] == (7, 0, 7)

    other = text("UPDATE deed SET details = details || :other WHERE key LIKE 'told%' AND kind = 'gift'")
    with memory.engine.begin() as connection:
        connection.execute(other, {"other": '{"cost": 5999}'})
    try:
        assert any("budget fund" in sentence for sentence in check_books(memory.desk, club).findings)
    finally:
        with memory.engine.begin() as connection:
            connection.execute(other, {"other": '{"cost": 6000}'})
    memory.effects.undo("club", "told", at=AT + timedelta(days=1))
    assert lines()["stock mug"][1:] == (before.get("stock mug", (0, 0, 0))[1], after["stock mug"][2] + 1)
    assert check_books(memory.desk, club).findings == []


def test_who_is_given_the_same_twice_in_one_batch_holds_it_once(memory: Memory, club: Community) -> None:
    def given(number: int) -> Deed:
        details = {"item": "twice-given", "limit": 1}
        return Deed(key=f"twice/{number}", kind="benefit", at=AT, source="twice", member="dee", details=details)

    done = memory.effects.do(club.id, [given(1), given(2)])

    held = [one for one in memory.effects.holdings(club.id, "dee") if one.item == "twice-given"]
    assert (done.new, done.refused, len(held)) == (2, (), 1)


def test_seats_of_a_title_are_counted_and_come_back(memory: Memory, context: EffectContext) -> None:
    grant = effects({"award": {"to": "all", "give": [{"title": "star"}]}})

    done = carry_out(grant, context)
    held = [one.member for one in memory.effects.holdings("club", at=AT) if one.item == "star"]
    assert len(done.refused) == 1
    assert held == ["ann", "bob"]
    over = AT + timedelta(days=366)
    assert [one for one in memory.effects.holdings("club", at=over) if one.item == "star"] == []
    gone = carry_out(
        effects({"revoke": {"from": "all", "title": "star"}}), replace(context, source=f"{context.source}/x")
    )
    again = carry_out(grant, replace(context, source=f"{context.source}/y"))

    assert [reason for _, reason in gone.refused] == ["does not hold star"]
    assert len(again.refused) == 1


def test_two_at_once_do_not_share_the_last_seat(memory: Memory, context: EffectContext) -> None:
    deeds = [
        Deed(key=f"race/{who}", kind="benefit", at=AT, source="race", member=who, details={"item": "pass", "limit": 1})
        for who in ("ann", "bob", "cai", "dee", "eva")
    ]
    threads = [threading.Thread(target=memory.effects.do, args=("club", [deed])) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([one for one in memory.effects.holdings("club") if one.item == "pass"]) == 1


def test_the_least_loaded_with_room_looks_after_the_next(memory: Memory, context: EffectContext) -> None:
    memory.effects.staff("club", "keeper", ["kim", "kit"])
    memory.effects.staff("club", "head", ["hao"])
    assign = effects({"assign": {"as": "contact", "from": "role:keeper", "to": ("ann", "bob", "cai", "dee", "eva")}})

    carry_out(assign, context)
    carry_out(assign, replace(context, source=f"{context.source}/again"))

    assert [memory.effects.assigned("club", who)["contact"] for who in ("ann", "bob", "cai", "dee", "eva")] == [
        "kim",
        "kit",
        "kim",
        "kit",
        "hao",
    ]


def test_the_database_itself_refuses_to_go_below_zero(memory: Memory, club: Community) -> None:
    memory.effects.stocked("club", "mug", 1, by="kim", at=AT, key="delivery 9")
    with pytest.raises(IntegrityError), memory.engine.begin() as connection:
        connection.execute(text("UPDATE balance SET amount = -1 WHERE kind = 'stock'"))


def test_a_ledger_that_was_tampered_with_is_found(memory: Memory, club: Community) -> None:
    memory.effects.stocked("club", "mug", 1, by="kim", at=AT, key="delivery 10")
    with memory.engine.begin() as connection:
        connection.execute(text("UPDATE balance SET amount = amount + 5 WHERE kind = 'stock'"))
    try:
        assert any("mug" in sentence for sentence in check_books(memory.desk, club).findings)
    finally:
        with memory.engine.begin() as connection:
            connection.execute(text("UPDATE balance SET amount = amount - 5 WHERE kind = 'stock'"))


@given(
    amount=st.integers(1, 10_000),
    people=st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=8),
    split=st.sampled_from(["equal", "credit"]),
    shares=st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 100)),
)
def test_parts_add_up(amount: int, people: list[str], split: str, shares: dict[str, int]) -> None:
    given_ = parts(amount, people, split, shares)

    assert sum(given_.values()) == (amount if people else 0)
    assert all(part >= 0 for part in given_.values())
    if split == "equal" and people:
        assert max(given_.values()) - min(given_.values()) <= 1


moves = st.tuples(
    st.sampled_from(["gift", "money", "points", "undo", "stock", "repeat"]),
    st.integers(1, 4),
    st.sampled_from(["ann", "bob", "cai"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(moves, max_size=12), seed=st.integers(0, 10**9))
def test_whatever_is_given_and_taken_back_the_books_balance(
    memory: Memory, club: Community, steps: list[tuple[str, int, str]], seed: int
) -> None:
    done: list[Deed] = []
    for number, (what, size, who) in enumerate(steps):
        source = f"any/{seed}/{number}"
        details: dict[str, Any] = {"budget": "fund", "period": "2027", "funds": 20_000}
        if what == "stock":
            memory.effects.stocked("club", "mug", size, by="kim", at=AT, key=source)
        elif what == "undo" and done:
            memory.effects.undo("club", done[size % len(done)].source, at=AT)
        elif what == "repeat" and done:
            memory.effects.do("club", [done[size % len(done)]])
        elif what in ("gift", "money", "points"):
            details |= {"item": "mug", "cost": 6_000} if what == "gift" else {"amount": size * 1_000}
            deed = Deed(key=source, kind=what, at=AT, source=source, member=who, details=details)
            memory.effects.do("club", [deed])
            done.append(deed)

    assert memory.effects.audit("club") == []
    assert all(balance.amount >= 0 for balance in memory.effects.balances("club"))
