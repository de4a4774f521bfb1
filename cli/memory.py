"""Memory: the ports of everything that is remembered, each with its PostgreSQL adapter, made when first asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from operations.desk import Desk
    from operations.house import House
    from operations.knowledge import Knowledge
    from operations.ports.audit import AuditLog, FollowUps
    from operations.ports.decisions import Decisions
    from operations.ports.effects import Effects
    from operations.ports.facts import Arrivals, Facts
    from operations.ports.measures import Measures
    from operations.ports.members import Members
    from operations.ports.notices import Outbox
    from operations.ports.persons import Persons
    from operations.ports.proposals import Proposals
    from operations.ports.resources import Resources
    from operations.ports.reviews import Firings, Memberships, Reviews
    from operations.ports.runs import Runs
    from operations.ports.specs import Specs
    from operations.ports.standings import Standings
    from operations.ports.teams import Teams
    from operations.ports.touch import Touch
    from operations.ports.trials import Trials
    from rules.spec import Community
    from store.inbox import SqlInbox


class _Later:
    """A port that is made when something is first asked of it: most commands ask few, and each brings tables along."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


class Memory:
    """Everything that is remembered, by port.

    What belongs to one community (`members`, `facts`, `measures`) is asked for with the community, or with its id
    for its current spec.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    @cached_property
    def specs(self) -> "Specs":
        """Every published version of every community."""
        from store.specs import SqlSpecs
        from store.trees import KeptTrees
        from workflows.phases import discover

        return SqlSpecs(self.engine, discover(), KeptTrees())

    @cached_property
    def standings(self) -> "Standings":
        """Where members stand."""
        from store.standings import SqlStandings

        return SqlStandings(self.engine)

    @cached_property
    def decisions(self) -> "Decisions":
        """What was concluded, chained."""
        from store.decisions import SqlDecisions

        return SqlDecisions(self.engine)

    @cached_property
    def reviews(self) -> "Reviews":
        """What reviews found and carried out."""
        from store.reviews import SqlReviews

        return SqlReviews(self.engine)

    @cached_property
    def trials(self) -> "Trials":
        """Versions tried before they are current."""
        from store.trials import SqlTrials

        return SqlTrials(self.engine)

    @cached_property
    def firings(self) -> "Firings":
        """When rules acted last."""
        from store.firings import SqlFirings

        return SqlFirings(self.engine)

    @cached_property
    def memberships(self) -> "Memberships":
        """Moves that wait for somebody's word."""
        from store.memberships import SqlMemberships

        return SqlMemberships(self.engine)

    @cached_property
    def runs(self) -> "Runs":
        """Tasks under way and over."""
        from store.runs import SqlRuns

        return SqlRuns(self.engine)

    @cached_property
    def teams(self) -> "Teams":
        """Who is in which team."""
        from store.teams import SqlTeams

        return SqlTeams(self.engine)

    @cached_property
    def touch(self) -> "Touch":
        """Cohorts, and who looks after whom."""
        from store.touch import SqlTouch

        return SqlTouch(self.engine)

    @cached_property
    def inbox(self) -> "SqlInbox":
        """What people are asked to do."""
        from store.inbox import SqlInbox

        return SqlInbox(self.engine)

    @cached_property
    def outbox(self) -> "Outbox":
        """What people are told."""
        from store.notices import SqlOutbox

        return SqlOutbox(self.engine)

    @cached_property
    def audit(self) -> "AuditLog":
        """Who did what by hand."""
        from store.audit_log import SqlAuditLog

        return SqlAuditLog(self.engine)

    @cached_property
    def follow_ups(self) -> "FollowUps":
        """Advice and actions until they are answered."""
        from store.audit_log import SqlFollowUps

        return SqlFollowUps(self.engine)

    @cached_property
    def effects(self) -> "Effects":
        """Ledgers, titles, publications."""
        from store.effects import SqlEffects

        return SqlEffects(self.engine, facts=self.facts, inbox=self.inbox, outbox=self.outbox)

    @cached_property
    def proposals(self) -> "Proposals":
        """Changes of the specs that insights opened."""
        from store.proposals import SqlProposals

        return SqlProposals(self.engine)

    @cached_property
    def arrivals(self) -> "Arrivals":
        """Word that facts came in."""
        from store.arrivals import SqlArrivals

        return SqlArrivals(self.engine)

    @cached_property
    def resources(self) -> "Resources":
        """What is scarce: claims, bookings, uses, parcels."""
        from store.resources import SqlResources

        return SqlResources(self.engine, inbox=self.inbox)

    @cached_property
    def knowledge(self) -> "Knowledge":
        """What members published, by its words."""
        from store.knowledge import SqlKnowledge

        return SqlKnowledge(self.engine)

    @cached_property
    def persons(self) -> "Persons":
        """Who members are: accounts, what spotted them, joins, their data."""
        from store.facts import SqlFacts
        from store.persons import SqlPersons

        return SqlPersons(self.engine, lambda spec: SqlFacts(self.engine, self.specs, spec), self.decisions)

    def members(self, community: "Community | str | None" = None) -> "Members":
        """Members of one community."""
        from store.members import SqlMembers

        return SqlMembers(self.engine, self.specs, self._spec(community))

    def facts(self, community: "Community | str | None" = None) -> "Facts":
        """Facts of one community."""
        from store.facts import SqlFacts

        return SqlFacts(self.engine, self.specs, self._spec(community))

    def measures(self, community: "Community | str | None" = None) -> "Measures":
        """Metrics of one community."""
        from store.measures import SqlMeasures

        return SqlMeasures(self.engine, self._spec(community))

    def together(self) -> AbstractContextManager[object]:
        """One transaction around several ports."""
        from store.transaction import transaction

        return transaction(self.engine)

    @cached_property
    def house(self) -> "House":
        """What a run works with."""
        from operations.house import House

        return House(
            specs=self.specs,
            runs=self.runs,
            inbox=self.inbox,
            outbox=self.outbox,
            audit=self.audit,
            follow_ups=self.follow_ups,
            effects=self.effects,
            resources=self.resources,
            standings=self.standings,
            teams=self.teams,
            touch=self.touch,
            facts=self.facts,
            members=self.members,
            measures=self.measures,
            persons=self.persons,
        )

    @cached_property
    def desk(self) -> "Desk":
        """What a review works with."""
        from operations.desk import Desk

        def later(name: str) -> Any:
            return _Later(lambda: getattr(self, name))

        return Desk(
            specs=self.specs,
            members=self.members,
            measures=self.measures,
            facts=self.facts,
            standings=self.standings,
            decisions=later("decisions"),
            effects=later("effects"),
            resources=later("resources"),
            reviews=self.reviews,
            firings=self.firings,
            memberships=self.memberships,
            inbox=later("inbox"),
            outbox=later("outbox"),
            trials=later("trials"),
            touch=later("touch"),
            together=self.together,
            persons=later("persons"),
            runs=later("runs"),
            teams=later("teams"),
        )

    def _spec(self, community: "Community | str | None") -> "Community":
        return self.specs.current(community) if community is None or isinstance(community, str) else community
