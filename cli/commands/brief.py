"""`trellis brief TASK`: what a task asks, and what the last retrospective wanted done otherwise."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Community, Json

if TYPE_CHECKING:
    from cli.memory import Memory
    from rules.spec import Community as Spec


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("brief")(brief)


def brief(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task.")],
    community: Community = None,
    json: Json = False,
) -> None:
    """Show the brief of a task: aim, what must be said, what is free; with the last retrospective and its actions."""
    from cli.console import Output
    from cli.wiring import memory
    from operations.errors import Refusal
    from rules.spec.diagnostics import did_you_mean

    out = Output(json)
    with memory() as remembered:
        spec = remembered.specs.current(community)
        if task not in spec.tasks:
            raise Refusal(f"{spec.id} has no task {task!r}.", did_you_mean(task, spec.tasks))
        told = described(remembered, spec, task)
    out.data({"brief": told})
    out.say(f"{told['title']['en']} {told['title']['zh']} ({told['mode']}), for the goal {told['goal'] or 'of nobody'}")
    for name in ("aim", "must_say", "free"):
        for text in told[name] if isinstance(told[name], list) else [told[name]] if told[name] else []:
            out.say(f"  {name}: {text['zh']}  {text['en']}")
    say_last(out, told["last_retrospective"], spec)


def described(remembered: "Memory", spec: "Spec", task: str) -> dict[str, Any]:
    """The brief as data, with the last retrospective."""
    written = spec.tasks[task]
    brief_ = written.brief
    return {
        "task": task,
        "mode": written.mode,
        "goal": written.goal,
        "title": written.title.model_dump(),
        "aim": brief_.aim.model_dump() if brief_ else None,
        "must_say": [one.model_dump() for one in brief_.must_say] if brief_ else [],
        "free": brief_.free.model_dump() if brief_ else None,
        "theme": brief_.theme if brief_ else None,
        "last_retrospective": last(remembered, spec, task),
    }


def last(remembered: "Memory", spec: "Spec", task: str) -> dict[str, Any] | None:
    """The last retrospective of the task (or its mode) with its actions; None if nobody ever looked back."""
    from operations.reports.retrospectives import last_retrospective

    found = last_retrospective(remembered.house, spec, task)
    if not found:
        return None
    actions = remembered.house.follow_ups.find(spec.id, run=found[0].run)
    return {
        "run": found[0].run,
        "texts": [{"field": one.field, "by": one.by, "text": one.text} for one in found],
        "actions": [{"text": one.text, "owner": one.owner, "due": one.due, "state": one.state} for one in actions],
    }


def say_last(out: Any, told: dict[str, Any] | None, spec: "Spec") -> None:
    """The last retrospective, for people."""
    if told is None:
        out.say("Nobody has looked back on such a task yet.")
        return
    rows = [[one["field"], one["by"], one["text"]] for one in told["texts"]]
    out.table(f"The last retrospective, of {told['run']}", ["", "by", "text"], rows)
    if told["actions"]:
        rows = [
            [one["text"], one["owner"], f"{one['due'].astimezone(spec.zone):%Y-%m-%d}", one["state"]]
            for one in told["actions"]
        ]
        out.table("Agreed then", ["action", "who", "due", "state"], rows)
