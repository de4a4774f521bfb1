"""Allocation: who gets what of something scarce. Claims of all runs queue; a settlement serves them, best first.

A resource with `settle` collects claims until the next moment of its rhythm; one without serves whoever comes first,
as soon as there is something. Either way the `order` of the resource decides among those who wait, and every claim
keeps why it came out as it did: its place, what the order read of it, and who came before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from operations.errors import Refusal
from operations.known import Known
from operations.ports.inbox import Item
from operations.ports.resources import SERVED, UNSERVED, Booking, Claim, Demand
from operations.prizes import charge_of, deadline_in, period_of
from operations.ranking import Ranking
from rules.spec.parts import FromField
from rules.time import Duration, WorkCalendar, add, next_time
from rules.values import Evidence

if TYPE_CHECKING:
    from operations.house import House
    from operations.ports.runs import Run, Visit, Work
    from rules.fact import Fact
    from rules.spec import Community

LOOK_AGAIN = timedelta(days=1)
"""When a claim is looked at again that nobody could serve, where the resource has no rhythm."""
ROLE = "role:"


class Allocation:
    """Asks and settles for one community, as of one moment.

    Args:
        house: the ports.
        community: the spec that says what there is.
        known: what is known of members and works now.
    """

    def __init__(self, house: House, community: Community, known: Known) -> None:
        self._house, self._community, self._known = house, community, known

    def resource(self, demand: Demand) -> Any:
        """What the spec says about it.

        Raises:
            Refusal: it is not there, or of another kind.
        """
        found: Any = self._community.resources.get(demand.resource)
        if found is None or found.kind != demand.kind:
            kind = "nothing" if found is None else f"a {found.kind}"
            raise Refusal(f"{demand.resource} is {kind} here, and a {demand.kind} is wanted.", "See resources.yaml.")
        return found

    # --------------------------------------------------------------------------------------------------------- asking
    def ask(
        self,
        demand: Demand,
        run: Run,
        visit: Visit,
        *,
        works: Mapping[str, Work],
        sign: Callable[[str, str], list[Fact]] | None = None,
    ) -> None:
        """Put a claim for each thing of a visit into the queue, and settle what needs no waiting.

        Args:
            sign: fills in a form for a member, where members are simulated; otherwise they are asked to.
        """
        spec, at = self.resource(demand), visit.opened_at
        waits = visit.deadline is not None and visit.deadline > at
        later = next_time(spec.settle, at, self._community.zone) if spec.settle is not None and waits else None
        claims = []
        for receiver in visit.things:
            work = works.get(receiver)
            member = work.author if work is not None else receiver if self._is_member(receiver, demand) else None
            claims.append(
                Claim(
                    community=self._community.id,
                    key=f"{run.id}/{visit.phase}/{visit.visit}:{receiver}",
                    kind=demand.kind,
                    resource=demand.resource,
                    receiver=receiver,
                    member=None if member is None or member.startswith(ROLE) else member,
                    work=work.id if work is not None else None,
                    run=run.id,
                    phase=visit.phase,
                    visit=visit.visit,
                    amount=self._amount(demand, work),
                    book=demand.book,
                    spend=demand.spend,
                    asked_at=at,
                    settle_at=later or at,
                    until=visit.deadline if waits else None,
                )
            )
        if not claims:
            return
        self._house.resources.ask(claims)
        self._want_forms(spec, claims, sign)
        if later is None:
            self.settle(demand.resource, at)

    def _is_member(self, receiver: str, demand: Demand) -> bool:
        return not receiver.startswith(ROLE) and self._known.person(receiver) is not None

    def _amount(self, demand: Demand, work: Work | None) -> int:
        """Pieces, or hundredths of the currency; 0 where the work does not say, or asks for less than nothing."""
        if demand.kind in ("fleet", "benefit"):
            return 1
        raw = demand.each
        if isinstance(raw, FromField):
            raw = work.fields.get(raw.field) if work is not None else None
        if raw is None:
            return 0
        wanted = Fraction(str(raw).partition(" ")[0])  # 12, "12.5", "12.50 EUR"
        return max(0, int(wanted * 100 if demand.kind == "budget" else wanted))

    def _want_forms(self, spec: Any, claims: Sequence[Claim], sign: Callable[[str, str], list[Fact]] | None) -> None:
        """Ask for the form that a benefit needs first, of whoever has not filled it in."""
        form = getattr(spec, "needs", None)
        if form is None:
            return
        lacking = [one for one in claims if one.member is not None and not self._filled_in(form, one.member)]
        if sign is not None:
            self._house.facts(self._community).record([fact for one in lacking for fact in sign(form, str(one.member))])
            return
        title = self._community.facts[form].title if form in self._community.facts else spec.title
        self._house.inbox.open(
            [
                Item(
                    community=self._community.id,
                    id=f"{one.key}#needs",
                    asked=(str(one.member),),
                    title={"en": title.en, "zh": title.zh},
                    opened_at=one.asked_at,
                    due=one.until,
                    about=one.resource,
                    form=form,
                )
                for one in lacking
            ]
        )

    def _filled_in(self, form: str, member: str) -> bool:
        return bool(self._house.facts(self._community).find(member=member, kinds=[form], limit=1))

    # -------------------------------------------------------------------------------------------------------- settling
    def settle(self, resource: str, at: datetime) -> int:
        """Serve the claims that are due, best first, as far as there is something. Returns how many were served."""
        spec: Any = self._community.resources[resource]
        self._house.resources.hold(self._community.id, resource)
        waiting = self._house.resources.waiting(self._community.id, resource, at=at)
        if not waiting:
            return 0
        served: list[str] = []
        for place, (claim, reads) in enumerate(self._in_order(spec, waiting), start=1):
            why: dict[str, Any] = {"at": at.isoformat(), "place": place, "of": len(waiting), "order": reads}
            if served:
                why["after"] = served[-5:]
            reason, begins_at = self._serve(spec, claim, at)
            if reason is None:
                served.append(claim.receiver)
                done = {**why, "said": "served"}
                self._house.resources.settled(claim, state=SERVED, at=at, begins_at=begins_at, why=done)
            elif claim.until is None or claim.until <= at:
                done = {**why, "said": reason}
                self._house.resources.settled(claim, state=UNSERVED, at=at, begins_at=None, why=done)
            else:
                self._house.resources.postponed(claim, until=self._next(spec, at), why={**why, "said": reason})
        return len(served)

    def give_up(self, claims: Sequence[Claim], at: datetime) -> None:
        """Whatever still waits has waited long enough."""
        for claim in claims:
            if claim.state == "waiting":
                why = {"said": "the time was over before it was settled", **claim.why}
                self._house.resources.settled(claim, state=UNSERVED, at=at, begins_at=None, why=why)

    def _next(self, spec: Any, at: datetime) -> datetime:
        following = next_time(spec.settle, at, self._community.zone) if spec.settle is not None else None
        return following or at + LOOK_AGAIN

    def _in_order(self, spec: Any, waiting: Sequence[Claim]) -> list[tuple[Claim, list[list[Any]]]]:
        """Claims, best first, each with what the lines of the order read of it."""
        lines = spec.order if isinstance(spec.order, tuple) else ()
        if not lines:
            return [(claim, []) for claim in sorted(waiting, key=lambda one: (one.asked_at, one.seq))]
        ranking = Ranking(self._community, lines)
        known = self._evidence(ranking, waiting)
        names = [
            "by lot" if line.draw else f"highest {line.highest}" if line.highest else f"lowest {line.lowest}"
            for line in lines
        ]
        found = []
        for claim in waiting:
            evidence = known[claim.key]
            key = (*ranking.key(claim.key, evidence, self._community.digest)[:-1], claim.asked_at, claim.seq)
            reads = [[name, _plain(value)] for name, value in zip(names, ranking.values(evidence), strict=True)]
            found.append((key, claim, reads))
        return [(claim, reads) for _, claim, reads in sorted(found, key=lambda one: one[0])]

    def _evidence(self, ranking: Ranking, waiting: Sequence[Claim]) -> Mapping[str, Evidence]:
        members = self._known.members({one.member for one in waiting if one.member is not None}, ranking.readings)
        asked = [one.work for one in waiting if one.work is not None]
        by_id = self._house.runs.works_by_id(self._community.id, asked) if asked else {}
        of_works = {one for one in ranking.readings if one.scope in ("work", "author")}
        works = self._known.works(list(by_id.values()), of_works) if by_id else {}
        found = {}
        for claim in waiting:
            member, work = members.get(claim.member or "", Evidence()), works.get(claim.work or "", Evidence())
            attributes = {**member.attributes, **work.attributes}
            found[claim.key] = Evidence(attributes, {**member.readings, **work.readings})
        return found

    # --------------------------------------------------------------------------------------------------------- serving
    def _serve(self, spec: Any, claim: Claim, at: datetime) -> tuple[str | None, datetime | None]:
        """Give what is claimed, now: why not, and of a car when it is there."""
        resources, community = self._house.resources, self._community
        match claim.kind:
            case "budget":
                return resources.pay(claim, charge_of(community, claim.resource, at), at=at), None
            case "stock":
                due = deadline_in(community, spec.post, at) if spec.post else None
                stock = {"keeper": spec.keeper, "reorder_at": spec.reorder_at, "due": due}
                return resources.hand_out(claim, stock, at=at), None
            case "fleet":
                return self._book(spec, claim, at)
            case _:
                if claim.member is None:
                    return f"{claim.receiver} is no member, and only members hold benefits", None
                if spec.needs is not None and not self._filled_in(spec.needs, claim.member):
                    return f"{claim.member} has not filled in {spec.needs}", None
                return resources.entitle(claim, right_of(community, spec, at), at=at), None

    def _book(self, spec: Any, claim: Claim, at: datetime) -> tuple[str | None, datetime | None]:
        """The earliest time at which one of the cars is there for as long as it is wanted."""
        latest = min(self._later(at, spec.book_ahead), claim.until or at)
        found: list[tuple[datetime, int, Booking]] = []
        booked = self._house.resources.bookings(self._community.id, spec.id, since=at)
        for number, unit in enumerate(spec.units):
            mine = [one for one in booked if one.unit == unit]
            if any(one.state == "booked" and one.ends_at < at for one in mine):
                continue  # it is not back yet, and nobody knows when it will be
            wanted = self._between(spec, claim, unit, at)
            for one in mine:
                if one.begins_at < wanted.free_at and one.free_at > wanted.begins_at:
                    wanted = self._between(spec, claim, unit, one.free_at)
            if wanted.begins_at <= latest:
                found.append((wanted.begins_at, number, wanted))
        if not found:
            return f"no {spec.id} is free before {latest.astimezone(self._community.zone):%Y-%m-%d %H:%M}", None
        _, _, best = min(found, key=lambda one: one[:2])
        return self._house.resources.book(best), best.begins_at

    def _between(self, spec: Any, claim: Claim, unit: str, begins_at: datetime) -> Booking:
        ends_at = self._later(begins_at, claim.book or "1d")
        return Booking(
            community=self._community.id,
            key=claim.key,
            fleet=spec.id,
            unit=unit,
            member=claim.member,
            run=claim.run,
            begins_at=begins_at,
            ends_at=ends_at,
            free_at=self._later(ends_at, spec.turnaround),
        )

    def _later(self, at: datetime, span: str) -> datetime:
        calendar = self._community.calendars[self._community.document.calendar]
        return add(at, Duration.parse(span), self._community.zone, WorkCalendar(calendar))


def right_of(community: Community, spec: Any, at: datetime) -> dict[str, Any]:
    """What the database needs to know of a benefit: how many may hold it, how often it is used, until when it lasts."""
    return {
        "limit": spec.limit,
        "uses": spec.uses,
        "period": period_of(spec.per, at, community.zone) if spec.per else "",
        "until": None if spec.term is None else deadline_in(community, spec.term, at).isoformat(),
    }


def _plain(value: Any) -> Any:
    """A value as it is shown: numbers as text, so that nothing of them is lost."""
    return value if value is None or isinstance(value, bool | str) else str(value)
