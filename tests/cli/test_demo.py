"""What a demo is made of, without servers: work beside, waiting, the books as they are shown."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from cli.beside import Beside
from cli.console import Output
from cli.endings import Unfinished
from cli.programme import PROGRAMME, Came, council
from cli.summary import show
from tests.waiting import PATIENCE


def test_what_goes_on_beside_is_told_to_end_when_the_rest_has_failed() -> None:
    told: list[bool] = []

    def wait(ending: Event) -> None:
        told.append(ending.wait(PATIENCE))

    def fail_meanwhile() -> None:
        with Beside(wait, "waiting") as beside:
            beside.start()
            raise Unfinished("the contest")

    with pytest.raises(Unfinished, match="the contest"):
        fail_meanwhile()
    assert told == [True]


def test_what_fails_beside_is_raised_where_it_is_waited_for() -> None:
    def fail(_: Event) -> int:
        raise Unfinished("the journey stopped")

    with Beside(fail, "failing") as beside:
        beside.alarm()
        beside.start()
        with pytest.raises(Unfinished, match="stopped"):
            beside.result()
        with pytest.raises(Unfinished, match="stopped"):
            beside.alarm()


def test_what_is_done_beside_gives_its_result() -> None:
    with Beside(lambda ending: 5, "counting") as beside:
        beside.start()
        assert beside.result() == 5


def test_a_small_community_lets_others_in_and_a_large_one_does_not() -> None:
    for part in PROGRAMME:
        assert part.among(2000) == part
        assert part.among(300).args == {**part.args, **part.small}


class Paid:
    """A council that paid for motions, whatever was carried."""

    def __init__(self, *works: str) -> None:
        self.resources = self.runs = self.teams = self
        self.works_paid = works

    def visits(self, run: str) -> list[Any]:
        class Vote:
            phase, outcome, results = "vote", "done", {"carry": ["motion-1"]}

        return [Vote]

    def of_phase(self, run: str, phase: str) -> list[Any]:
        class Claim:
            def __init__(self, work: str) -> None:
                self.work, self.key, self.state, self.amount = work, f"for {work}", "served", 10_000

        return [Claim(work) for work in self.works_paid]

    def works(self, run: str, phase: str) -> list[str]:
        return ["motion-1", "motion-2"]

    def facts(self, community: object) -> Any:
        class None_:
            def find(self, **_: object) -> list[Any]:
                return []

        return None_()


def test_money_that_no_vote_has_released_fails_the_demo() -> None:
    class Run:
        id = "auto/core-user-committee/1"

    came = council(Came(Paid("motion-1"), None, Run))  # type: ignore[arg-type]
    assert (came["motions"], came["carried"], came["paid"], came["spent"]) == (2, 1, 1, 100)
    with pytest.raises(Unfinished, match="no vote has carried motion-2"):
        council(Came(Paid("motion-1", "motion-2"), None, Run))  # type: ignore[arg-type]


def test_the_books_are_shown_task_by_task_and_say_what_does_not_balance(capsys: pytest.CaptureFixture[str]) -> None:
    def line(book: str, account: str, came: int, went: int, left: int) -> dict[str, Any]:
        figures = {"came": came, "went": went, "left": left, "balances": came - went == left}
        return {"book": book, "account": account, **figures}

    outcome: dict[str, Any] = {"standings": {}, "ranking": [], "played": [], "journey": [], "awards": {}}
    books = [
        line("budget", "fund", 120_000, 20_050, 99_950),
        line("contributions", "auto/care/1", 5, 0, 5),
        line("contributions", "auto/care/2", 6, 0, 5),
        line("stock", "medal", 80, 2, 78),
    ]
    show(Output(), {"outcome": outcome, "books": {"auto": books}, "seconds": 1.0, "digest": "sha256:0"})
    rows = [row.split() for row in capsys.readouterr().out.splitlines()]
    assert ["budget", "fund", "1,200.00", "200.50", "999.50", "yes"] in rows
    assert ["contributions", "auto/care", "(2", "runs)", "11", "0", "10", "no"] in rows
    assert ["stock", "medal", "80", "2", "78", "yes"] in rows
