import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from cli import main as entry
from cli.console import Output, encode
from cli.options import moment
from operations.errors import Refusal

TRELLIS = [sys.executable, "-m", "cli.main"]


@dataclass
class Pair:
    b: int
    a: str


def test_data_is_sorted_and_the_same_every_time():
    document = {
        "b": frozenset({"y", "x"}),
        "a": Pair(1, "车"),
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "d": Decimal("1.50"),
    }

    text = encode(document).decode()

    assert json.loads(text) == {
        "a": {"a": "车", "b": 1},
        "at": "2026-01-02T00:00:00Z",
        "b": ["x", "y"],
        "d": "1.50",
    }
    assert text == encode(dict(reversed(document.items()))).decode()


def test_with_json_people_see_nothing_else(capsysbinary):
    out = Output(json=True)
    out.say("hello")
    out.table("t", ["a"], [[1]])
    with out.progress("working", 3) as step:
        step.advance()
    out.data({"a": 1})

    assert json.loads(capsysbinary.readouterr().out) == {"a": 1}


def test_a_title_is_not_folded_by_a_narrow_table_and_nothing_is_said_in_a_word(capsys):
    Output().table("Everybody whom anybody ever looked after", ["id"], [["a"]])
    Output().table("Hosts", ["host", "since"], [])

    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "Everybody whom anybody ever looked after"
    assert shown.endswith("Hosts\n  none\n")


def test_without_json_a_table_shows_every_cell(capsys):
    Output().table("Standing", ["tier", "members"], [["base", 1234], ["core", None]], right=["members"])

    shown = capsys.readouterr().out

    assert "Standing" in shown
    assert "1,234" in shown


ITEM = ["i-7b8ed510", "A way on", "welcome-public/1 calibration", "p-weibo-lina-41639933", "2026-11-24 18:00"]
ITEMS = ["item", "what", "run and phase", "about", "until"]


def test_where_no_terminal_is_a_row_is_one_line_however_long_it_is(capsys):
    Output().table("", ITEMS, [ITEM, ["i-1", "Another", None, "x" * 200, None]])

    head, _, first, second = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert head.split("   ")[0].strip() == "item"
    assert all(cell in first for cell in ITEM)
    assert "x" * 200 in second


def test_a_narrow_terminal_folds_between_words_and_never_cuts_an_id_in_two(capsys):
    Output(width=90).table("", ITEMS, [ITEM])

    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 90
    assert all(word in shown for cell in ITEM for word in cell.split())
    assert "2026-11-24 18:00" not in shown


def test_where_even_that_does_not_fit_each_row_is_a_paragraph(capsys):
    Output(width=50).table("", ITEMS, [ITEM, ["i-22222222", "Another", None, "pei", None]])

    assert capsys.readouterr().out == (
        "\n  item            i-7b8ed510\n  what            A way on\n  run and phase   welcome-public/1 calibration\n"
        "  about           p-weibo-lina-41639933\n  until           2026-11-24 18:00\n"
        "\n  item            i-22222222\n  what            Another\n  about           pei\n"
    )


def test_chinese_is_folded_between_any_two_characters(capsys):
    Output(width=40).table("", ["id", "what"], [["i-7b8ed510", "车主共创手册的章节认领与审核校对"]])

    _, _, *lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert "i-7b8ed510" in lines[0]
    assert "".join(line.split()[-1] for line in lines) == "车主共创手册的章节认领与审核校对"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (Refusal("no such task.", "Try `trellis tasks`."), 2, "no such task."),
        (ValueError("boom"), 1, "something went wrong inside: ValueError: boom"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_whatever_goes_wrong_is_one_sentence_and_an_exit_code(raised, code, said, monkeypatch, tmp_path, capsys):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)

    @app.command()
    def fail() -> None:
        raise raised

    monkeypatch.setattr(entry, "build", lambda: app)
    monkeypatch.setenv("TRELLIS_HOME", str(tmp_path))

    with pytest.raises(SystemExit) as left:
        entry.main(["fail"])

    told = capsys.readouterr().err
    assert left.value.code == code
    assert said in told
    assert "Traceback" not in told


def test_the_details_of_a_failure_are_kept_in_the_log(monkeypatch, tmp_path, capsys):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)

    @app.command()
    def fail() -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(entry, "build", lambda: app)
    monkeypatch.setenv("TRELLIS_HOME", str(tmp_path))

    with pytest.raises(SystemExit):
        entry.main(["fail"])

    assert "Traceback" in (tmp_path / "log" / "errors.log").read_text()
    assert str(tmp_path / "log" / "errors.log") in capsys.readouterr().err


def test_a_refusal_is_data_too_for_programs(monkeypatch, capsys):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)

    @app.command()
    def fail(json: bool = False) -> None:
        raise Refusal("no such task.", "Try `trellis tasks`.")

    monkeypatch.setattr(entry, "build", lambda: app)
    with pytest.raises(SystemExit):
        entry.main(["fail", "--json"])

    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "error": "no such task.",
        "hint": "Try `trellis tasks`.",
    }


def test_an_unknown_command_is_invalid_input():
    done = subprocess.run([*TRELLIS, "nonsense"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_of_every_command_loads_nothing_heavy():
    heavy = "{'temporalio', 'sqlalchemy', 'polars', 'pydantic', 'ruamel', 'psycopg'}"
    program = f"import sys; from cli.main import build; build(); print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_help_answers_in_under_half_a_second():
    def processor_time() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    taken = []
    for _ in range(5):  # of the processor, since other tests run beside this one
        before = processor_time()
        subprocess.run([*TRELLIS, "--help"], capture_output=True, check=True)
        taken.append(processor_time() - before)

    assert min(taken) < 0.5


def test_a_time_may_be_a_date_a_local_time_or_have_an_offset():
    from zoneinfo import ZoneInfo

    shanghai = ZoneInfo("Asia/Shanghai")

    assert moment("2026-11-21", shanghai) == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert moment("2026-11-21T06:00:00", shanghai) == datetime(2026, 11, 20, 22, tzinfo=UTC)
    assert moment("2026-11-21T06:00:00+02:00", shanghai) == datetime(2026, 11, 21, 4, tzinfo=UTC)


def test_what_is_not_a_time_is_refused_with_an_example():
    with pytest.raises(Refusal, match="2026-11-21"):
        moment("yesterday")


def test_the_state_folder_can_be_named(monkeypatch, tmp_path):
    from cli.home import Home

    monkeypatch.setenv("TRELLIS_HOME", str(tmp_path / "elsewhere"))
    home = Home.here()
    home.keep_note("servers", {"kind": "up"})

    assert home.root == Path(tmp_path / "elsewhere")
    assert home.note("servers") == {"kind": "up"}
    home.forget("servers")
    assert home.note("servers") == {}


def test_a_pid_file_of_a_dead_process_counts_for_nothing(monkeypatch, tmp_path):
    from cli.home import Home

    home = Home(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    home.keep_pid("worker", gone.pid)

    assert home.pid("worker") is None
