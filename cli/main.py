"""The `trellis` command: finds the commands, runs one, and turns whatever goes wrong into one sentence.

Every module of `cli/commands` with a `register(app)` is a command; nothing is listed here. The modules
import nothing heavy, so that `--help` answers at once.
"""

import importlib
import pkgutil
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from cli import commands
from cli.console import FAILED, INVALID, complain
from operations.errors import Refusal
from rules.errors import RuleRefusal

TERMINATED = 143  # what a shell calls a process ended by SIGTERM
ABOUT = "Trellis: a brand runs its community of super-users by specs, rules and durable workflows."


def build() -> typer.Typer:
    """The application with every command that `cli/commands` holds, in alphabetical order."""
    app = typer.Typer(
        name="trellis", help=ABOUT, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False
    )
    app.callback()(_options)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit code.

    Raises:
        SystemExit: always; 0 fine, 1 the tool failed, 2 the input is invalid, 3 differences or findings.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    signal.signal(signal.SIGTERM, _terminated)
    try:
        build()(args=given, prog_name="trellis")
    except (Refusal, RuleRefusal) as refusal:
        complain(refusal.message, refusal.hint, json=as_json)
        sys.exit(INVALID)
    except BrokenPipeError:
        sys.exit(FAILED)
    except Exception as error:  # the last line of defence: people get a sentence, the log gets the rest
        from cli.mishap import explain_mishap

        message, hint = explain_mishap(error, given)
        complain(message, hint, json=as_json)
        sys.exit(FAILED)


def _terminated(*_: object) -> None:
    """What was started is stopped in order, as after Ctrl-C."""
    sys.exit(TERMINATED)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"trellis {version('trellis-community')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """What every command understands before its own name."""


if __name__ == "__main__":
    main()
