from datetime import UTC, datetime, timedelta

from operations.rehearsal import Crowd

SINCE = datetime(2027, 3, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=20)


def crowd(alike: dict[str, str], run: str = "auto/welcome/1") -> Crowd:
    return Crowd(7, "auto/welcome/talk/1", run=run, people=list, size=None, form=lambda kind: {}, alike=alike)


def test_what_a_tutor_does_follows_from_being_the_tutor_not_from_who_it_is() -> None:
    first, second = crowd({"tutor-1": "tutor"}), crowd({"tutor-2": "tutor"})
    choices = [("accept", 1), ("decline", 1)]

    assert first.moment(SINCE, UNTIL, "tutor-1") == second.moment(SINCE, UNTIL, "tutor-2")
    assert first.choose(choices, "tutor-1", "m1") == second.choose(choices, "tutor-2", "m1")


def test_the_number_of_a_run_changes_nothing() -> None:
    first, second = crowd({}, "auto/welcome/1"), crowd({}, "auto/welcome/2")

    drawn = [
        [one.number(10**6, "score", f"{run}/entries/1/m1/1") for one in (played,)]
        for played, run in ((first, "auto/welcome/1"), (second, "auto/welcome/2"))
    ]

    assert drawn[0] == drawn[1]


def test_members_differ_from_each_other() -> None:
    played = crowd({})

    assert len({played.number(10**9, f"m{number}") for number in range(50)}) == 50
