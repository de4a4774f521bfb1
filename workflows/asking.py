"""Asking: what a phase asks for, put into the inboxes of those who are asked."""

from __future__ import annotations

from typing import Any

from operations.ports.inbox import Item
from operations.ports.runs import Visit
from operations.reminding import times_within
from workflows.play import Opening
from workflows.setting import Setting


def items_of(setting: Setting, visit: Visit, opening: Opening) -> list[Item]:
    """What an opening asks for, as items of the inbox."""
    run, named = setting.run, setting.phase.title or setting.community.tasks[setting.run.task].title
    title = {"en": named.en, "zh": named.zh}
    times: dict[str, Any] = times_within(setting.community, within_of(setting), visit.opened_at)
    return [
        Item(
            community=visit.community,
            id=f"{visit.run}/{visit.phase}/{visit.visit}"
            + (f"@{request.about}" if request.about else "")
            + (f"+{request.turn}" if request.turn else ""),
            asked=request.asked,
            title=title,
            opened_at=visit.opened_at,
            due=request.due or visit.deadline,
            about=request.about or run.subject,
            choices=request.choices,
            form=request.form,
            details=request.details,
            run=visit.run,
            phase=visit.phase,
            visit=visit.visit,
            workflow=visit.run,
            scale=run.scale,
            began_at=visit.began_at if run.scale is not None else None,
            **times,
        )
        for request in opening.requests
    ]


def within_of(setting: Setting) -> str:
    """The time that a phase gives, as it is written; empty if it gives none."""
    return str(getattr(setting.phase, "within", "") or "")
