"""Notify: notices in words, handed to whoever carries them, at least once and not too many to one member a day."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from operations.ports.notices import Carrier, Letter, Outbox, Waiting

if TYPE_CHECKING:
    from rules.spec import Community

PLACEHOLDERS = (
    "member", "tier", "stage", "title", "task", "cohort", "host", "from", "missing", "until", "contributions",
    "benefits", "item", "about",
)  # fmt: skip
"""All that a message may fill in; anything else in braces stays as written."""
LANGUAGES = ("en", "zh")
AWAY = 5
"""After so many failures in a row a round of delivery is over."""

_BRACES = re.compile(r"\{([a-z_]+)\}")
_OWN: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "grace": {
        "en": ("We miss you", "{member}, this is what is missing: {missing}. You have until {until}."),
        "zh": ("我们想你了", "{member}，还差：{missing}。{until}之前都可以。"),
    },
    "invitation": {
        "en": ("An invitation", "{member}, you are invited to become {tier}{stage}. Please answer by {until}."),
        "zh": ("一份邀请", "{member}，邀请你成为{tier}{stage}。请在{until}前答复。"),
    },
    "work:due": {
        "en": ("Due soon", "{title} ({about}) is due by {until}: {item}."),
        "zh": ("即将到期", "「{title}」（{about}）请在{until}前完成：{item}。"),
    },
    "work:untaken": {
        "en": ("Nobody has taken this", "{title} ({about}) waits for somebody to take it, by {until}: {item}."),
        "zh": ("尚无人认领", "「{title}」（{about}）尚无人认领，{until}到期：{item}。"),
    },
    "work:overdue": {
        "en": ("Overdue", "{title} ({about}) was due by {until} and is yours now: {item}."),
        "zh": ("已超时，转交给你", "「{title}」（{about}）{until}已到期，现转交给你：{item}。"),
    },
    "run.brief": {
        "en": ("A task for you", "{member}, there is a task: {task}."),
        "zh": ("一项任务", "{member}，有一项任务：{task}。"),
    },
}
_ELSE: Mapping[str, Mapping[str, str]] = {
    "en": {
        "contributions": "all that you have given",
        "benefits": "the benefits of your tier",
        "until": "in good time",
    },
    "zh": {"contributions": "你的每一份付出", "benefits": "你所在层级的权益", "until": "方便的时候"},
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one round: how many left, how many could not be handed over."""

    sent: int = 0
    failed: int = 0


def deliver(
    outbox: Outbox,
    carriers: Sequence[Carrier],
    community: Community,
    *,
    at: datetime,
    limit: int = 500,
    alive: Callable[[int], None] = lambda done: None,
) -> Delivery:
    """Hand over what may leave now, most urgent first; whatever could not be handed over waits for the next round.

    A notice is marked as sent after every carrier has it. After a crash in between it is handed over again, with the
    same idempotency key. What failed before comes last, and after some failures in a row the round is over: who
    carries them is away, and each of them may take long to say so.
    """
    today = at.astimezone(community.zone).date()
    per_day = community.document.limits.notices_per_day
    leaving = outbox.claim(community.id, zone=community.zone, today=today, per_day=per_day, limit=limit)
    left: dict[str, date] = {}
    sent = failed = in_a_row = 0
    try:
        for number, (notice, day) in enumerate(sorted(leaving, key=lambda one: one[0].attempts)):
            alive(number)
            letter = write(community, notice)
            try:
                for carrier in carriers:
                    carrier.send(letter)
            except OSError as trouble:
                failed, in_a_row = failed + 1, in_a_row + 1
                outbox.failed(community.id, notice.key, str(trouble))
                if in_a_row == AWAY:
                    break
            else:
                left[notice.key] = day
                sent, in_a_row = sent + 1, 0
            if len(left) == 50:
                outbox.sent(community.id, left, at=at)
                left = {}
    finally:
        outbox.sent(community.id, left, at=at)  # also when a carrier breaks: what has left does not leave again
    return Delivery(sent=sent, failed=failed)


def write(community: Community, notice: Waiting) -> Letter:
    """A notice in words, in every language."""
    titles, texts = {}, {}
    for language in LANGUAGES:
        title, text = _template(community, notice.what, language)
        values = _values(community, notice, language)

        def filled(match: re.Match[str], values: Mapping[str, str] = values) -> str:
            return values.get(match[1], "") if match[1] in PLACEHOLDERS else match[0]

        titles[language] = _BRACES.sub(filled, title)
        texts[language] = _BRACES.sub(filled, text)
    return Letter(key=notice.key, member=notice.member, what=notice.what, title=titles, text=texts)


def _template(community: Community, what: str, language: str) -> tuple[str, str]:
    message = community.messages.get(what.removeprefix("message:")) if what.startswith("message:") else None
    if message is not None:
        return getattr(message.title, language), getattr(message.text, language)
    if what in _OWN:
        return _OWN[what][language]
    return what, f"{{member}}: {what}"


def _values(community: Community, notice: Waiting, language: str) -> dict[str, str]:
    values = dict(_ELSE[language])
    for name, value in notice.values.items():
        bare, dot, of = name.partition(".")
        if not dot or of == language:
            values[bare] = _titled(community, bare, value, language)
    values["member"] = notice.member
    return values


def _titled(community: Community, name: str, value: str, language: str) -> str:
    """An id as people read it."""
    titled: dict[str, object] = {}
    match name:
        case "tier":
            titled = {tier.id: tier.title for ladder in community.ladders.values() for tier in ladder.tiers}
        case "stage" if community.lifecycle is not None:
            titled = {stage.id: stage.title for stage in community.lifecycle.stages}
        case "task":
            titled = {task.id: task.title for task in community.tasks.values()}
        case "title":
            titled = {title.id: title.title for title in community.titles.values()}
        case "from":
            titled = {f"role:{role.id}": role.title for role in community.roles.values()}
    return str(getattr(titled.get(value), language, value))
