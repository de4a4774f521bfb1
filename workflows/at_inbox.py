"""At the inbox: take an item, give it back, hand it to somebody, say how it came out; by whom is looked at first.

Whoever is asked may act, by name or in a role; in a role nobody is in, its backup may. Nobody decides about their own
work or themselves. What staff does is in the audit log, written with what it changes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from operations import follow_ups
from operations.errors import Refusal
from operations.forms import fact_of, problems
from operations.house import House
from operations.known import Known
from operations.people import People
from operations.ports.inbox import Item
from operations.ports.runs import Run, Visit
from operations.rights import Lead, actor_of, owners, refuse_unless_lead
from operations.staffing import ROLE, acts_for, there
from rules.spec import Community
from rules.spec.documents.mode import Mode
from workflows.play import REVISE
from workflows.scenes import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


class AtInbox:
    """What people do with items of the inbox; the part of the desk that is not inside a phase."""

    house: House
    settings: Settings
    _now: Callable[[], datetime]
    _poke: Callable[..., object]

    @abstractmethod
    def _complete_in_run(self, item: Item, who: str, outcome: str, fields: Mapping[str, Any]) -> None: ...

    # ----------------------------------------------------------------------------------------------------------- items
    def claim(self, community: str, item: str, *, by: str) -> Item:
        """Take an item.

        Raises:
            Refusal: they are not asked, must not decide about it, somebody else has it, or it is over.
        """
        known = self._item(community, item)
        self._asked(known, by)
        with self.house.runs.together():
            taken = self.house.inbox.claim(community, item, by=by, at=self._now())
            self._note(community, by, "claim", item)
        return taken

    def unclaim(self, community: str, item: str, *, by: str) -> Item:
        """Give an item back to all who are asked. Raises Refusal when it is not with them, or over."""
        with self.house.runs.together():
            free = self.house.inbox.release(community, item, by=by)
            self._note(community, by, "unclaim", item)
        return free

    def hand_over(self, community: str, item: str, *, to: str, by: str | None = None) -> Item:
        """Put an item into somebody's hands: by whoever has it, or by whoever leads the run.

        Args:
            by: who hands it over; None is the installation's own hand.

        Raises:
            Refusal: it is not theirs to give, the other one is not asked or must not decide about it, or it is over.
        """
        known = self._item(community, item)
        spec = self.house.specs.current(community)
        if by is not None and by != known.claimed_by:
            if known.run is not None:
                self.leads(known.run, by, "hand out")
            elif known.claimed_by is not None or self._stranger(spec, known, by) is not None:
                holder = f"with {known.claimed_by}" if known.claimed_by else f"asked of {', '.join(known.asked)}"
                raise Refusal(f"{item} is {holder}, and not {by}'s to give away.")
        self._asked(known, to)
        with self.house.runs.together():
            given = self.house.inbox.hand_over(community, item, to=to, at=self._now())
            self._note(community, by, "hand-over", item, to=to, had=known.claimed_by)
        return given

    def complete(
        self, community: str, item_id: str, *, outcome: str, fields: Mapping[str, Any], by: str | None = None
    ) -> Item:
        """Say how an item came out; of an item of a phase this is an answer, verdict, work or joining there.

        Args:
            by: who does it; without it the one who claimed it, or the role that is asked.

        Raises:
            Refusal: it is over, with somebody else, or does not take this outcome or form.
        """
        item = self._item(community, item_id)
        who = by or item.claimed_by or next(iter(item.asked))
        if item.claimed_by not in (None, who):
            raise Refusal(f"{item_id} is with {item.claimed_by}.", "They have claimed it.")
        if item.state == "open":
            self._asked(item, who)
        if item.run is None or item.phase is None:
            return self._complete_alone(item, who, outcome, fields)
        if item.state != "open":
            raise Refusal(f"{item_id} is not asked any more.", "Its time was up, or the run went on without it.")
        self._complete_in_run(item, who, outcome, fields)  # not in one transaction: whoever is poked looks at once
        if who not in item.asked or who.startswith(ROLE):
            self._note(community, who, "complete", item_id, outcome=outcome)
        return self._item(community, item_id)

    def _complete_alone(self, item: Item, who: str, outcome: str, fields: Mapping[str, Any]) -> Item:
        """An item that no phase waits for: its form becomes a fact about what it was about."""
        community, spec = item.community, self.house.specs.current(item.community)
        at = self._now()
        if "follow_up" in item.details and item.state == "open":
            reason = fields.get("reason")
            follow_ups.answer(
                self.house, spec, str(item.details["follow_up"]), state=outcome, by=who, at=at, reason=reason
            )
            return self._item(community, item.id)
        if item.form is not None and item.state == "open":
            wrong = problems(spec, item.form, fields)
            if wrong:
                raise Refusal(f"{'; '.join(wrong)}.", f"The form {item.form}: give it with --form.")
        of_a_move = "ladder" in item.details
        why = str(fields.get("reason") or "").strip() if of_a_move else ""
        if item.state == "open" and of_a_move and outcome == "refuse" and not why:
            raise Refusal(f"Refusing a move of {item.about} takes a reason.", 'Say why: --form reason="…".')
        with self.house.runs.together():
            done = self.house.inbox.complete(community, item.id, outcome=outcome, fields=fields, by=who, at=at)
            if item.form is not None and item.state == "open":
                about = item.about
                fact = fact_of(spec, item.form, fields, id=f"{item.id}#form", about=about, by=who, at=at)
                self.house.facts(spec).record([fact])
            if item.state == "open":
                self._note(community, who, "complete", item.id, outcome=outcome, **({"reason": why} if why else {}))
        if item.workflow is not None:
            self._poke(item.workflow, "")
        return done

    def _item(self, community: str, id: str) -> Item:
        found = self.house.inbox.item(community, id)
        if found is None:
            raise Refusal(f"There is no item {id!r} in the inbox.", "See `trellis inbox`.")
        return found

    # ----------------------------------------------------------------------------------------------------------- rights
    def _asked(self, item: Item, person: str) -> None:
        """See that somebody may act on an item: asked, or in a role that is, and not about their own work.

        Raises:
            Refusal: they may not; it says why.
        """
        spec = self.house.specs.current(item.community)
        why = self._stranger(spec, item, person)
        if why is not None:
            raise Refusal(f"{item.id} is not asked of {person}: {why}.")
        why = self._own(item, person)
        if why is not None:
            raise Refusal(f"{why}.", "Somebody else who is asked has to do it.")

    def _stranger(self, spec: Community, item: Item, person: str) -> str | None:
        """Why somebody is not among those who are asked; None if they are."""
        if person in item.asked:
            return None
        roles = [who for who in item.asked if who.startswith(ROLE)]
        if any(acts_for(self.house.effects, spec, person, role) is None for role in roles):
            return None
        people = dict.fromkeys(one for who in item.asked for one in there(self.house.effects, spec, who))
        return f"it is asked of {', '.join(item.asked)} ({', '.join(people)})"

    def _own(self, item: Item, person: str) -> str | None:
        """Why somebody must not decide about this: it is their own work or move, or the phase keeps them out."""
        if "ladder" in item.details:
            return self._twice(item, person)
        if item.run is None or item.phase is None or item.visit is None:
            return None
        visit = self.house.runs.visit(item.run, item.phase, item.visit)
        if visit is not None and person in visit.never:
            return f"{person} must not answer here"
        if visit is None or visit.kind not in ("review", "judge", "ask") or item.about not in visit.things:
            return None
        if item.choices == (REVISE,):
            return None
        work = self.house.runs.works_by_id(item.community, [item.about or ""]).get(item.about or "")
        authors: Sequence[str] = () if work is None else (work.author, *getattr(work, "authors", ()))
        return f"{person} is the author; nobody decides about their own work" if person in authors else None

    def _twice(self, item: Item, person: str) -> str | None:
        """Why somebody must not decide about a move: it is theirs, they are kept out, or they have had their say."""
        if item.about == person:
            return f"{person} is the one it is about; nobody decides about themselves"
        if person in item.details.get("never", ()):
            return f"{person} must not answer here"
        question = item.id.rpartition("/")[0]
        number = 1
        while (other := self.house.inbox.item(item.community, f"{question}/{number}")) is not None:
            if other.id != item.id and other.completed_by == person and not person.startswith(ROLE):
                return f"{person} has answered already, and it takes several people"
            number += 1
        return None

    def leads(self, run_id: str, by: str | None, act: Lead) -> Run:
        """See that somebody may do what only whoever leads a run does; returns the run.

        Raises:
            Refusal: there is no such run, or they do not lead it.
        """
        run, mode, people = self.around(run_id)
        spec = people.known.community
        actor = actor_of(self.house.effects, spec, by)
        refuse_unless_lead(actor, act, run, mode, owners(people, self.house.effects, spec, mode, run))
        return run

    def around(self, run_id: str, scope: str = "") -> tuple[Run, Mode, People]:
        """A run, its mode, and whom its references mean now."""
        from operations.around import Around

        run = self.settings.run(run_id)
        spec = self.house.specs.at(run.digest, run.community)
        mode = self.settings.mode(run, spec)
        visits: Sequence[Visit] = self.house.runs.visits(run_id)
        known = Known(self.house, spec, self._now())
        return run, mode, People(known, Around(spec, run, mode, visits, scope), seed=run.seed, place=run.task)

    def _note(self, community: str, by: str | None, verb: str, what: str, **details: Any) -> None:
        actor = by or "operator"
        self.house.audit.note(community, actor=actor, verb=verb, what=what, at=self._now(), details=details)
