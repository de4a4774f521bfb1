"""Own words: an explanation as a member reads it in the brand's app, in English or Chinese, without internal names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from operations.explained import Asked, Explanation, Standing
from rules.condition import Leaf, Titles
from rules.evaluate import Trace
from rules.metric import COUNTS
from rules.smallest import Move
from rules.spec.documents.metrics import Counted
from rules.values import duration_said, show

if TYPE_CHECKING:
    from operations.outlook import Possible
    from rules.spec import Community

Language = Literal["en", "zh"]

_SAYS: dict[str, dict[Language, str]] = {
    "stands": {"en": "{ladder}: you are {tier}", "zh": "{ladder}：你现在是{tier}"},
    "since": {"en": ", since {day}.", "zh": "，自{day}起。"},
    "no_since": {"en": ".", "zh": "。"},
    "unknown": {"en": "{ladder}: we cannot say where you stand.", "zh": "{ladder}：暂时无法确定你的层级。"},
    "pinned": {"en": "Your place is held for you for now.", "zh": "你的层级目前由我们为你保留。"},
    "exempt": {
        "en": "You are exempt from reviews at present: nothing changes.",
        "zh": "你目前不参加层级评审，一切保持不变。",
    },
    "keeps": {"en": "You meet what it takes to stay {tier}.", "zh": "你满足保持{tier}的条件。"},
    "stays_if": {"en": "To stay {tier}: {change}.", "zh": "要保持{tier}：{change}。"},
    "earns": {"en": "You meet what it takes to become {tier}.", "zh": "你已满足成为{tier}的条件。"},
    "rises_if": {"en": "To become {tier}: {change}.", "zh": "要成为{tier}：{change}。"},
    "rises_none": {
        "en": "At present nothing you can do leads to {tier}.",
        "zh": "目前没有什么可以让你成为{tier}。",
    },
    "stays_none": {"en": "{tier} cannot be kept by anything you do now.", "zh": "目前没有什么可以让你保持{tier}。"},
    "or": {"en": "; or ", "zh": "；或者"},
    "and": {"en": ", and ", "zh": "，并且"},
    "one_of": {"en": "{common}, and one of these: {each}", "zh": "{common}，并且满足以下之一：{each}"},
    "before": {"en": " (before {day})", "zh": "（{day}之前）"},
    "from": {"en": " (that is so from {day})", "zh": "（{day}起即满足）"},
    "runs_out": {
        "en": "“{what}” counts for you until {day}.",
        "zh": "“{what}”对你有效到{day}。",
    },
    "grace_on": {
        "en": "If nothing happens, the time to catch up begins on {day}.",
        "zh": "如果没有变化，宽限期从{day}开始。",
    },
    "lost_on": {
        "en": "If nothing happens, you will be {to} from {day}.",
        "zh": "如果没有变化，从{day}起你将是{to}。",
    },
    "gained_on": {
        "en": "If all stays as it is, {to} comes within reach on {day} by itself.",
        "zh": "如果一切保持不变，{day}起自然达到{to}。",
    },
    "cooldown": {"en": "The next step is possible in {days} days.", "zh": "{days}天之后才可以再次晋升。"},
    "observe": {"en": "It must then hold for {days} days.", "zh": "之后需要保持{days}天。"},
    "approval": {"en": "Our team then decides.", "zh": "之后由我们的团队决定。"},
    "invitation": {"en": "You will then be invited.", "zh": "之后我们会邀请你。"},
    "no_seat": {"en": "All places are taken at present.", "zh": "目前名额已满。"},
    "more": {"en": "{what}: {by} more ({now} now, {after} needed)", "zh": "{what}再增加{by}（现在{now}，需要{after}）"},
    "fewer": {"en": "{what}: down from {now} to {after}", "zh": "{what}从{now}降到{after}"},
    "wait_more": {
        "en": "{what}: {after} needed ({now} now, it grows by itself)",
        "zh": "{what}达到{after}（现在{now}，自然增长）",
    },
    "wait_fewer": {
        "en": "{what}: {after} needed ({now} now, it passes with time)",
        "zh": "{what}降到{after}（现在{now}，随时间消退）",
    },
    "reach": {"en": "{what}: {after} ({now} now)", "zh": "{what}达到{after}（现在{now}）"},
    "become": {"en": "{what}: {after}", "zh": "{what}：{after}"},
    "private": {"en": "something that your contact can tell you about", "zh": "一项可以向你的专属联系人了解的内容"},
    "over_days": {"en": " in the last {n} {unit}", "zh": "（近{n}{unit}）"},
    "yes": {"en": "yes", "zh": "是"},
    "no": {"en": "no", "zh": "否"},
}  # fmt: skip
_UNITS: dict[str, dict[Language, str]] = {
    "s": {"en": "seconds", "zh": "秒"},
    "min": {"en": "minutes", "zh": "分钟"},
    "h": {"en": "hours", "zh": "小时"},
    "d": {"en": "days", "zh": "天"},
    "w": {"en": "weeks", "zh": "周"},
    "mo": {"en": "months", "zh": "个月"},
    "y": {"en": "years", "zh": "年"},
}
_CALENDAR: dict[str, dict[Language, str]] = {
    "this_week": {"en": " this week", "zh": "（本周）"},
    "last_week": {"en": " last week", "zh": "（上周）"},
    "this_month": {"en": " this month", "zh": "（本月）"},
    "last_month": {"en": " last month", "zh": "（上月）"},
    "this_year": {"en": " this year", "zh": "（今年）"},
    "last_year": {"en": " last year", "zh": "（去年）"},
    "in_tier": {"en": " since you came here", "zh": "（进入当前层级以来）"},
    "in_stage": {"en": " since your present stage began", "zh": "（进入当前阶段以来）"},
}
_ATTRIBUTES: dict[str, dict[Language, str]] = {
    "days_member": {"en": "days with us", "zh": "加入天数"},
    "age": {"en": "time with us", "zh": "加入时长"},
    "stage": {"en": "stage", "zh": "阶段"},
    "days_in_stage": {"en": "days in your present stage", "zh": "在当前阶段的天数"},
    "titles": {"en": "titles", "zh": "头衔"},
    "titles_held": {"en": "titles ever held", "zh": "曾获头衔"},
    "tags": {"en": "tags", "zh": "标签"},
    "circle": {"en": "circles", "zh": "圈层"},
    "consent": {"en": "your consent", "zh": "你的同意"},
    "registered": {"en": "registration", "zh": "注册"},
    "email_confirmed": {"en": "confirmed e-mail address", "zh": "已确认的邮箱"},
    "invited": {"en": "invitation", "zh": "邀请"},
    "suspended": {"en": "suspension", "zh": "停用"},
    "silenced": {"en": "silencing", "zh": "禁言"},
    "in_grace": {"en": "time to catch up", "zh": "宽限期"},
    "last_move": {"en": "last step", "zh": "上一次变动"},
    "origin": {"en": "how you came to us", "zh": "加入途径"},
    "load": {"en": "tasks at present", "zh": "当前任务数"},
}  # fmt: skip
_OTHER: dict[Language, str] = {"en": "a detail of your profile", "zh": "个人资料中的一项"}


def own_words(explanation: Explanation, community: Community, language: Language) -> list[str]:
    """An explanation as lines that a member reads; nothing in them is an id."""
    speaker = _Speaker(explanation, community, language)
    return [line for standing in explanation.standings for line in speaker.lines(standing)]


class _Speaker:
    def __init__(self, explanation: Explanation, community: Community, language: Language) -> None:
        self.explanation = explanation
        self.community = community
        self.language: Language = language
        self.private = explanation.private

    def say(self, key: str, **values: object) -> str:
        return _SAYS[key][self.language].format(**values)

    def lines(self, standing: Standing) -> Iterator[str]:
        name, _, value = standing.ladder.partition("@")
        ladder = self._ladder(name, value)
        if standing.tier is None:
            yield self.say("unknown", ladder=ladder)
            return
        head = self.say("stands", ladder=ladder, tier=self._tier(name, standing.tier))
        if standing.days is None:
            yield head + self.say("no_since")
        else:
            today = self.explanation.at.astimezone(self.community.zone).date()
            yield head + self.say("since", day=self._day(today - timedelta(days=standing.days)))
        if standing.decision.because in ("pinned", "exempt"):
            yield self.say(standing.decision.because)
            return
        for asked in standing.asked:
            yield from self._asked(name, asked)
        ahead = standing.ahead
        if ahead.grace_on is not None:
            yield self.say("grace_on", day=self._day(ahead.grace_on))
        if ahead.lost_on is not None:
            yield self.say("lost_on", day=self._day(ahead.lost_on), to=self._tier(name, ahead.falls_to))
        if ahead.gained_on is not None:
            yield self.say("gained_on", day=self._day(ahead.gained_on), to=self._tier(name, ahead.rises_to))
        if any(asked.about == "earn" for asked in standing.asked):
            for wait in standing.waits:
                if wait["what"] != "seat":
                    if wait.get("days") != 0:
                        yield self.say(wait["what"], **{k: v for k, v in wait.items() if k != "what"})
                elif not wait["free"]:
                    yield self.say("no_seat")
        for asked in standing.asked:
            if asked.about == "keep":
                for leaf in asked.trace.leaves():
                    yield from self._runs_out(leaf, standing)

    def _asked(self, ladder: str, asked: Asked) -> Iterator[str]:
        tier = self._tier(ladder, asked.tier)
        if asked.about == "keep":
            if asked.trace.truth is not False:
                yield self.say("keeps", tier=tier)
            else:
                yield self._changes("stays", tier, asked)
        elif asked.about == "earn":
            if asked.trace.truth is True:
                yield self.say("earns", tier=tier)
            else:
                yield self._changes("rises", tier, asked)

    def _changes(self, what: str, tier: str, asked: Asked) -> str:
        if not asked.possible:
            return self.say(f"{what}_none", tier=tier)
        every = [list(dict.fromkeys(self._move(move) for move in one.change.moves)) for one in asked.possible]
        common = [move for move in every[0] if all(move in moves for moves in every)]
        dates = [self._dates(one) for one in asked.possible]
        each = [
            self.say("and").join(move for move in moves if move not in common) + said
            for moves, said in zip(every, dates, strict=True)
        ]
        if not common or not all(len(moves) > len(common) for moves in every):
            said = list(dict.fromkeys(self.say("and").join(m) + date for m, date in zip(every, dates, strict=True)))
            return self.say(f"{what}_if", tier=tier, change=self.say("or").join(said))
        change = self.say("one_of", common=self.say("and").join(common), each=self.say("or").join(dict.fromkeys(each)))
        return self.say(f"{what}_if", tier=tier, change=change)

    def _dates(self, one: Possible) -> str:
        text = "" if one.from_ is None else self.say("from", day=self._day(one.from_))
        return text if one.before is None else text + self.say("before", day=self._day(one.before))

    def _move(self, move: Move) -> str:
        if move.name in self.private:
            return self.say("private")
        what = self._what(move.name, move.over)
        now, after = self._value(move, move.before), self._value(move, move.after)
        if not move.type.numeric or not isinstance(move.before, int) or not isinstance(move.after, int):
            return self.say("become", what=what, after=after)
        rises = move.after > move.before
        metric = self.community.metrics.get(move.name)
        if isinstance(metric, Counted) and metric.take not in COUNTS and move.how != "wait":
            return self.say("reach", what=what, now=now, after=after)
        if move.how == "wait":
            return self.say("wait_more" if rises else "wait_fewer", what=what, now=now, after=after)
        by = self._value(move, abs(move.after - move.before))
        return self.say("more" if rises else "fewer", what=what, by=by, now=now, after=after)

    def _runs_out(self, trace: Trace, standing: Standing) -> Iterator[str]:
        leaf = trace.condition
        day = standing.ahead.ends.get(id(leaf))
        if day is None or not isinstance(leaf, Leaf | Titles) or leaf.name in self.private:
            return
        yield self.say("runs_out", what=self._what(leaf.name, leaf.over), day=self._day(day))

    # --------------------------------------------------------------------------------------------------------- names
    def _ladder(self, name: str, value: str) -> str:
        ladder = self.community.ladders[name]
        title = getattr(ladder.title, self.language)
        if not value or ladder.per is None:
            return str(title)
        item = next((one for one in self.community.lists[ladder.per].items if one.id == value), None)
        return f"{title} · {getattr(item.title, self.language)}" if item is not None else str(title)

    def _tier(self, ladder: str, id_: str | None) -> str:
        tier = next((one for one in self.community.ladders[ladder].tiers if one.id == id_), None)
        return "" if tier is None else str(getattr(tier.title, self.language))

    def _what(self, name: str, over: str) -> str:
        metric = self.community.metrics.get(name.rpartition(".")[2])
        if metric is not None:
            return str(getattr(metric.title, self.language)) + self._window(over)
        declared = self.community.attributes.get(name)
        if declared is not None and declared.title is not None:
            return str(getattr(declared.title, self.language))
        bare = name.removeprefix("days_in_").partition("@")[0]
        if name.startswith("days_in_") and bare in self.community.ladders:
            said = {"en": "days in your present place", "zh": "在当前层级的天数"}
            return said[self.language]
        if bare in self.community.ladders:
            return str(getattr(self.community.ladders[bare].title, self.language))
        return _ATTRIBUTES.get(name, _OTHER)[self.language]

    def _window(self, over: str) -> str:
        length = over.partition(",")[0].partition("@")[0]
        if length in _CALENDAR:
            return _CALENDAR[length][self.language]
        unit = length.lstrip("0123456789")
        if unit not in _UNITS or unit == length:
            return ""
        return self.say("over_days", n=length.removesuffix(unit), unit=_UNITS[unit][self.language])

    def _value(self, move: Move, value: Any) -> str:
        shown = show(value, move.type)
        if shown is None:
            return "?"
        if isinstance(shown, bool):
            return self.say("yes" if shown else "no")
        if isinstance(shown, list):
            return "、".join(self._named(one) for one in shown) if self.language == "zh" else ", ".join(
                self._named(one) for one in shown
            )  # fmt: skip
        if move.type.kind == "duration":
            space = "" if self.language == "zh" else " "
            return space.join(self._length(part, space) for part in duration_said(str(shown)).split())
        return self._named(shown) if isinstance(shown, str) and not move.type.numeric else str(shown)

    def _length(self, part: str, space: str) -> str:
        """A length in one unit, such as `34d`."""
        unit = part.lstrip("-0123456789")
        number = part.removesuffix(unit)
        if unit not in _UNITS:
            return part
        word = _UNITS[unit][self.language]
        return f"{number}{space}{word.removesuffix('s') if number == '1' else word}"

    def _named(self, id_: str) -> str:
        """The title of a tier, a stage, a title or a value of a list; a text that is none of them as it is."""
        places: list[Any] = [tier for ladder in self.community.ladders.values() for tier in ladder.tiers]
        if self.community.lifecycle is not None:
            places.extend(self.community.lifecycle.stages)
        places.extend(self.community.titles.values())
        places.extend(item for one in self.community.lists.values() for item in one.items)
        found = next((one for one in places if one.id == id_), None)
        return id_ if found is None else str(getattr(found.title, self.language))

    def _day(self, day: date) -> str:
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {day:%B %Y}"
