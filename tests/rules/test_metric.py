"""What metrics mean, by example."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rules.fact import Fact, FactField, FactKind, fact_key, key_digits
from rules.metric import Limit, MetricFromFacts, Take, measure
from rules.reading import Reading
from rules.values import INTEGER, TEXT, Value, ValueType

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)  # noon of a Friday in Shanghai
SCORE = ValueType("decimal", 2)
POSTED = FactKind(
    "posted", "member", {"work": FactField(TEXT, "work"), "score": FactField(SCORE), "on": FactField(ValueType("date"))}
)


def metric(take: Take, **more: object) -> MetricFromFacts:
    wanted: dict[str, object] = {"id": "m", "type": INTEGER, "kinds": {"posted": POSTED}, "take": take, **more}
    if "field" in wanted:
        wanted.setdefault("value", {"posted": POSTED.own[str(wanted["field"])].type})
    return MetricFromFacts(**wanted)  # type: ignore[arg-type]


def posted(days_ago: float, **fields: Value) -> Fact:
    at = NOW - timedelta(days=days_ago)
    return Fact(f"{at.isoformat()}{sorted(fields.items())}", "posted", "ann", at, fields=fields)


def read(of: MetricFromFacts, *facts: Fact, over: str = "all", until: str | None = None) -> Value | None:
    return measure(of, facts, Reading("m", over, until), NOW, ZONE).get("ann", of.nothing)


def test_counts_over_nothing_are_0_and_values_over_nothing_are_unknown() -> None:
    for take in ("count", "sum", "distinct", "days_with", "streak"):
        assert read(metric(take)) == 0
    for take in ("mean", "max", "min", "latest", "since_first", "since_last"):
        assert read(metric(take)) is None


def test_a_sum_over_nothing_is_unknown_where_the_metric_says_so() -> None:
    said = metric("sum", field="score", blank=True)

    assert read(said) is None
    assert read(said, posted(0, score=0)) == 0
    assert read(said, posted(9, score=5), over="3d") is None


def test_a_window_of_days_begins_with_a_local_day_and_ends_with_now() -> None:
    morning_of_today = posted(0.4)  # 02:24 in Shanghai, still yesterday in UTC
    assert read(metric("count"), morning_of_today, posted(1), posted(-0.1), over="1d") == 1
    assert read(metric("count"), morning_of_today, posted(1), posted(2), over="2d") == 2
    assert read(metric("count"), posted(0.4), posted(0.5), over="12h") == 1


def test_a_window_may_have_ended_some_time_ago() -> None:
    assert read(metric("count"), posted(6), posted(7), posted(8), over="2d", until="7d ago") == 2


def test_means_round_half_to_even_at_the_places_of_the_metric() -> None:
    mean = metric("mean", type=ValueType("decimal", 1), field="score")
    assert read(mean, posted(1, score=20), posted(2, score=30)) == 2
    assert read(mean, posted(1, score=30), posted(2, score=40)) == 4
    assert read(mean, posted(1, score=30), posted(2)) == 3


def test_the_latest_value_is_that_of_the_last_fact_that_has_one() -> None:
    assert read(metric("latest", type=SCORE, field="score"), posted(1, score=5), posted(3, score=9), posted(0)) == 5


def test_a_streak_may_wait_for_the_present_period() -> None:
    days = metric("streak", period="day")
    assert read(days, posted(0), posted(1), posted(2), posted(4)) == 3
    assert read(days, posted(1), posted(2)) == 2
    assert read(days, posted(2), posted(3)) == 0
    weeks = metric("streak", period="week")
    assert read(weeks, posted(4), posted(5)) == 2  # Monday of this week, Sunday of the last


def test_durations_are_counted_in_whole_seconds() -> None:
    assert read(metric("since_last", type=ValueType("duration")), posted(2), posted(5)) == 2 * 86_400
    assert read(metric("since_first", type=ValueType("duration")), posted(2), posted(5)) == 5 * 86_400


def test_a_metric_may_be_dated_by_a_field() -> None:
    today = NOW.astimezone(ZONE).toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    dated = metric("count", dated_by="on")
    assert (
        read(dated, posted(90, on=today), posted(0, on=today - 40), posted(0), posted(1, on=today + 1), over="7d") == 1
    )


def test_limits_count_the_first_of_each_period() -> None:
    capped = metric("sum", type=SCORE, field="score", limits=(Limit(2, "day"),))
    assert read(capped, posted(0.3, score=1), posted(0.2, score=10), posted(0.1, score=100), posted(1, score=7)) == 18
    each = metric("count", limits=(Limit(1, "week", "work"),))
    assert read(each, posted(0, work="a"), posted(1, work="a"), posted(2, work="b"), posted(8, work="a")) == 3


def test_a_key_may_be_any_thing_that_a_fact_names() -> None:
    of_work = metric("count", key="work", subject="work")
    found = measure(of_work, [posted(1, work="a"), posted(2, work="a"), posted(3)], Reading("m"), NOW, ZONE)
    assert found == {"a": 2}
    assert measure(metric("count"), [posted(1)], Reading("m", scope="community"), NOW, ZONE) == {"": 1}


@pytest.mark.parametrize("id_", ["", "a", "run/1/谢谢", "=" + "0" * 31, "=" + "g" * 32])
def test_a_key_stands_for_itself(id_: str) -> None:
    digits = key_digits(id_)
    assert key_digits("=" + digits) == digits
    assert fact_key(id_).hex == digits
