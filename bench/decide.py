"""How fast decisions are taken: our readings, the raw engine underneath, and what one would use instead.

Twenty rules over members of the same made-up community; every contestant answers the same questions, every answer is
compared with the reference evaluator, and all figures are ratios within one run (rounds interleaved, medians).

    python bench/decide.py                       # 4,000 members online, 1,000,000 in columns
    python bench/decide.py --members 1000 --columns 200000 --rounds 3
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rules.columns import judge
from rules.condition import AllOf, AnyOf, Attribute, Condition, Leaf, Measured
from rules.evaluate import truth
from rules.firing import Rule
from rules.inference import AVAILABLE, Engine, engine_module
from rules.reading import Reading
from rules.rulebook import Rulebook
from rules.values import BOOLEAN, INTEGER, TEXT, Evidence, ValueType

INTEGERS = [f"count{n}" for n in range(8)]
DECIMALS = [f"share{n}" for n in range(6)]
TEXTS = {"city": ["上海", "北京", "广州", "成都"], "model": ["sedan", "suv", "mpv"], "source": ["app", "forum", "shop"]}
TRUTHS = ["consent", "registered", "invited"]
READINGS = {name: Reading(name) for name in (*INTEGERS, *DECIMALS)}  # shared, as the gate shares them
SHARE = ValueType("decimal", 2)
AT = datetime(2027, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """One rule as data: a text or truth, a whole number, a decimal, and one of two whole numbers."""

    first: tuple[str, str | bool]
    count: tuple[str, int]
    share: tuple[str, int]
    either: tuple[tuple[str, int], tuple[str, int]]


def questions(random_: random.Random, number: int) -> list[Question]:
    """Rules of the usual shape, so tight that a member meets a handful."""
    made = []
    for _ in range(number):
        text = random_.choice(list(TEXTS))
        first = (text, random_.choice(TEXTS[text])) if random_.random() < 0.6 else (random_.choice(TRUTHS), True)
        one, two, three = random_.sample(INTEGERS, 3)
        either = ((two, random_.randrange(50, 95)), (three, random_.randrange(50, 95)))
        made.append(
            Question(
                first, (one, random_.randrange(20, 80)), (random_.choice(DECIMALS), random_.randrange(20, 80)), either
            )
        )
    return made


def people(random_: random.Random, number: int) -> list[dict[str, Any]]:
    """Members as a program would hold them: decimals as floats, two values in a hundred missing."""
    made = []
    for _ in range(number):
        member: dict[str, Any] = {name: random_.randrange(100) for name in INTEGERS}
        member.update((name, random_.randrange(101) / 100) for name in DECIMALS)
        member.update((name, random_.choice(words)) for name, words in TEXTS.items())
        member.update((name, random_.random() < 0.5) for name in TRUTHS)
        made.append({name: None if random_.random() < 0.02 else value for name, value in member.items()})
    return made


# --------------------------------------------------------------------------------------------------------------- ours
def condition(question: Question) -> Condition:
    """The rule in our language."""
    name, wanted = question.first
    type_ = BOOLEAN if isinstance(wanted, bool) else TEXT
    return AllOf(
        (
            Leaf(name, "all", Attribute((name,), type_), "is", (wanted,)),
            _number(*question.count),
            Leaf(
                question.share[0],
                "all",
                Measured(READINGS[question.share[0]], SHARE),
                "more_than",
                (Fraction(question.share[1], 100),),
            ),
            AnyOf((_number(*question.either[0]), _number(*question.either[1]))),
        )
    )


def _number(name: str, least: int) -> Leaf:
    return Leaf(name, "all", Measured(READINGS[name], INTEGER), "at_least", (Fraction(least),))


def evidence(member: dict[str, Any]) -> Evidence:
    """What is known of a member, as the gate hands it on."""
    readings = {READINGS[name]: member[name] for name in INTEGERS}
    readings.update((READINGS[name], None if member[name] is None else round(member[name] * 100)) for name in DECIMALS)
    return Evidence({name: member[name] for name in (*TEXTS, *TRUTHS)}, readings)


# -------------------------------------------------------------------------------------------------------------- others
def bare_durable(asked: Sequence[Question], members: Sequence[dict[str, Any]]) -> Callable[[], list[set[int]]]:
    """durable-rules without us, in the fast safe pattern: one state, only fields that rules name, orjson."""
    engine: Any = engine_module()
    rules: dict[str, Any] = {"p": {"all": [{"m": {"$and": [{"$p": 1}]}}]}}
    for place, question in enumerate(asked):
        (one, low), (two, least) = question.either
        either = {"$or": [{"$gte": {one: low}}, {"$gte": {two: least}}]}
        parts = [dict([question.first]), {"$gte": dict([question.count])}, {"$gt": dict([question.share])}, either]
        rules[str(place)] = {"all": [{"m": {"$and": [{"$k": 1}, *parts]}}]}
    handle = engine.create_ruleset("bare", orjson.dumps(rules).decode())
    named = {n for q in asked for n in (q.first[0], q.count[0], q.share[0], q.either[0][0], q.either[1][0])}
    shares = dict.fromkeys(DECIMALS, 100)
    facts = [{n: round(v * shares[n]) if n in shares else v for n, v in m.items() if v is not None} for m in members]

    def ask(text: str) -> set[int]:
        outcome, offset = engine.assert_fact(handle, text)
        matched: set[int] = set()
        if outcome == 0:
            state = engine.start_action_for_state(handle, offset)
            action = state and state[1]
            while action is not None:
                name = action[2 : action.index('"', 2)]
                if name != "p":
                    matched.add(int(name))
                action = engine.complete_and_start_action(handle, offset)
            engine.retract_fact(handle, '{"id":"1"}')
        return matched

    ask('{"id":"1","$p":1}')

    def run() -> list[set[int]]:
        return [ask(orjson.dumps({"id": "1", "$k": 1, **{n: f[n] for n in named if n in f}}).decode()) for f in facts]

    return run


def zen(asked: Sequence[Question], members: Sequence[dict[str, Any]]) -> Callable[[], list[set[int]]]:
    """zen-engine: all rules in one compiled expression that gives a list."""
    import zen as library

    def at_least(name: str, number: float, sign: str = ">=") -> str:
        return f"({name} != null and {name} {sign} {number})"

    rules = []
    for q in asked:
        first = f'{q.first[0]} == "{q.first[1]}"' if isinstance(q.first[1], str) else f"{q.first[0]} == true"
        share = at_least(q.share[0], q.share[1] / 100, ">")
        rules.append(
            f"({first} and {at_least(*q.count)} and {share} and ({at_least(*q.either[0])} or {at_least(*q.either[1])}))"
        )
    expression = library.compile_expression("[" + ", ".join(rules) + "]")
    return lambda: [{n for n, holds in enumerate(expression.evaluate(member)) if holds} for member in members]


def rule_engine(asked: Sequence[Question], members: Sequence[dict[str, Any]]) -> Callable[[], list[set[int]]]:
    """rule-engine: one rule each."""
    import rule_engine as library

    context = library.Context(default_value=None)

    def at_least(name: str, number: float, sign: str = ">=") -> str:
        return f"({name} != null and {name} {sign} {number})"

    rules = []
    for q in asked:
        first = f'{q.first[0]} == "{q.first[1]}"' if isinstance(q.first[1], str) else f"{q.first[0]} == true"
        text = f"{first} and {at_least(*q.count)} and {at_least(q.share[0], q.share[1] / 100, '>')}"
        rules.append(
            library.Rule(f"{text} and ({at_least(*q.either[0])} or {at_least(*q.either[1])})", context=context)
        )
    return lambda: [{n for n, rule in enumerate(rules) if rule.matches(member)} for member in members]


def json_logic(asked: Sequence[Question], members: Sequence[dict[str, Any]]) -> Callable[[], list[set[int]]]:
    """json-logic-qubit: one tree each."""
    from json_logic import jsonLogic

    def at_least(name: str, number: float, sign: str = ">=") -> dict[str, Any]:
        return {"and": [{"!==": [{"var": name}, None]}, {sign: [{"var": name}, number]}]}

    rules = [
        {
            "and": [
                {"===": [{"var": q.first[0]}, q.first[1]]},
                at_least(*q.count),
                at_least(q.share[0], q.share[1] / 100, ">"),
                {"or": [at_least(*q.either[0]), at_least(*q.either[1])]},
            ]
        }
        for q in asked
    ]
    return lambda: [{n for n, rule in enumerate(rules) if jsonLogic(rule, member)} for member in members]


# ------------------------------------------------------------------------------------------------------------- the run
def table(members: list[dict[str, Any]]) -> pl.DataFrame:
    """The members as the memory's frames hold them."""
    columns: dict[str, pl.Series] = {"subject": pl.Series([f"m{n}" for n in range(len(members))])}
    for name in INTEGERS:
        columns[Reading(name).key] = pl.Series([m[name] for m in members], dtype=pl.Int64)
    for name in DECIMALS:
        values = [None if m[name] is None else round(m[name] * 100) for m in members]
        columns[Reading(name).key] = pl.Series(values, dtype=pl.Int64)
    for name in TEXTS:
        columns[name] = pl.Series([m[name] for m in members], dtype=pl.String)
    for name in TRUTHS:
        columns[name] = pl.Series([m[name] for m in members], dtype=pl.Boolean)
    return pl.DataFrame(columns)


def main() -> int:
    """Run the contest; 1 if anybody answers wrongly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=4_000)
    parser.add_argument("--columns", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    random_ = random.Random(given.seed)
    asked = questions(random_, given.rules)
    members = people(random_, given.members)
    conditions = {str(n): condition(question) for n, question in enumerate(asked)}
    known = [evidence(member) for member in members]
    meant = [{n for n in range(len(asked)) if truth(conditions[str(n)], one) is True} for one in known]
    few = max(given.members // 10, 1)  # what the slower ones get

    def online(engine: Engine) -> Callable[[], list[set[int]]]:
        return lambda: [{int(name) for name in engine.surely(one)} for one in known]

    rules = tuple(Rule(n, n, None, "member", c, "spell", 100, "") for n, c in conditions.items())
    book = Rulebook("", (), (), rules, {}, ZoneInfo("UTC"))
    big = table(members)
    big = pl.concat([big] * -(-given.columns // given.members)).head(given.columns)
    rows = min(given.columns, given.members)

    def columns() -> list[set[int]]:
        judged = judge(book, big, AT)
        return Judged(judged, rows, len(asked))

    contestants: list[tuple[str, int, Callable[[], Any]]] = [
        ("columns (Polars)", given.columns, columns),
        (
            "online, compiled function",
            given.members,
            online(Engine(conditions, use_durable=False, both=False, sample=0)),
        ),
        (
            "reference evaluator",
            few,
            lambda: [{n for n, c in enumerate(conditions.values()) if truth(c, k) is True} for k in known[:few]],
        ),
        ("zen-engine, one expression", given.members, zen(asked, members)),
        ("rule-engine", few, rule_engine(asked, members[:few])),
        ("json-logic-qubit", few, json_logic(asked, members[:few])),
    ]
    if AVAILABLE:
        contestants.insert(1, ("online, durable-rules inside", given.members, online(Engine(conditions, both=False))))
        contestants.insert(2, ("durable-rules, bare", given.members, bare_durable(asked, members)))
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in contestants}
    wrong: dict[str, int] = {}
    for turn in range(given.rounds + 1):
        for name, _, run in contestants:
            began = time.perf_counter()
            answers = run()
            if turn:
                seconds[name].append(time.perf_counter() - began)
            else:
                wrong[name] = sum(mine != other for mine, other in zip(answers, meant, strict=False))
    rates = {name: size / statistics.median(seconds[name]) for name, size, _ in contestants}
    base = rates["durable-rules, bare" if AVAILABLE else "online, compiled function"]
    mine = rates["online, durable-rules inside" if AVAILABLE else "online, compiled function"]
    found = [
        {
            "who": name,
            "evaluations": size,
            "per_second": round(rates[name]),
            "of_bare": round(rates[name] / base, 3),
            "wrong": wrong[name],
        }
        for name, size, _ in contestants
    ]
    aims = {
        "columns_over_online": round(rates["columns (Polars)"] / mine, 1),
        "bare_over_online": round(base / mine, 2),
    }
    if given.json:
        print(json.dumps({"rules": given.rules, "contestants": found, "aims": aims}, indent=2))
    else:
        print(
            f"{given.rules} rules, {sum(map(len, meant)) / len(meant):.2f} hold per member;"
            " one evaluation is one member against all rules"
        )
        print(f"{'':30} {'evaluations/s':>15} {'x bare':>8} {'wrong':>6}")
        for row in found:
            print(f"{row['who']:30} {row['per_second']:>15,} {row['of_bare']:>8} {row['wrong']:>6}")
        print(f"columns are {aims['columns_over_online']} times the online path (aim 100)")
        print(f"bare durable-rules is {aims['bare_over_online']} times the online path (aim at most 1.5)")
    return 1 if any(wrong.values()) else 0


class Judged(list[set[int]]):
    """The answers of the columns for the members that were asked online, read only when they are compared."""

    def __init__(self, judged: pl.DataFrame, rows: int, rules: int) -> None:
        super().__init__()
        self._judged, self._rows, self._rules = judged, rows, rules

    def __iter__(self) -> Any:
        head = self._judged.head(self._rows)
        truths = [head[f"rule:{n}"].to_list() for n in range(self._rules)]
        return iter([{n for n in range(self._rules) if truths[n][row]} for row in range(self._rows)])


if __name__ == "__main__":
    sys.exit(main())
