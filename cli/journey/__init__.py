"""Journey: one member from being spotted in a group chat to being honorary for life, on the real servers.

The community is a second one under the same specs, so that its clock and its reviews are its own. Nobody is simulated:
every answer, work, verdict and approval is given here as the person concerned would give it, on a scaled clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

from cli.journey.arriving import ACCOUNT, agreed, reposted, spotted, welcomed
from cli.journey.growing import FRIENDS, mature, risen, shared
from cli.journey.hands import BEGINS, Hands, Mark, Stopped
from cli.journey.leaving import finished, honoured, slowed, talked
from cli.patience import patiently
from cli.wiring import Room
from operations.identity import prospect_id
from operations.ports.members import Member
from operations.ports.standings import LIFECYCLE, First, Place
from operations.publish import publish
from rules.spec import Community
from store.folder import read_folder
from workflows.phases import discover

__all__ = ["Journey", "Mark", "Stopped"]


@dataclass(slots=True)
class Journey:
    """Plays the journey in a room.

    Args:
        room: memory and Temporal, with a worker at work.
        specs: the folder of `specs/auto`.
        scale: of all runs and moves. A lesson is open for seven days of it, a verdict is awaited for five: it has to
            leave a busy machine time to answer.
        say: is told each mark as it is made.
        ending: when it is set, the journey stops where it is.
    """

    room: Room
    specs: Path
    scale: str = "1d=1500ms"
    say: Callable[[Mark], None] = lambda _: None
    ending: Event = field(default_factory=Event)
    community: str = field(init=False, default="journey")

    def play(self) -> Sequence[Mark]:
        """Play all of it.

        Raises:
            Stopped: something that has to happen did not, or it is to end.
        """
        hands = Hands(self.room, self._found(), prospect_id(*ACCOUNT), self.scale, self.say, self.ending)
        spotted(hands)
        agreed(hands)
        piece = welcomed(hands)
        reposted(hands, piece)
        risen(hands)
        mature(hands)
        shared(hands)
        slowed(hands)
        talked(hands)
        honoured(hands)
        finished(hands)
        return hands.marks

    def _found(self) -> Community:
        """The community, its staff, a few owners who are there already."""
        memory = self.room.memory
        before = [one for one in patiently(memory.specs.communities) if one.startswith(self.community)]
        if before:  # where somebody has been before, the next one goes by themselves
            self.community = f"{self.community}-{len(before) + 1}"
        files = dict(read_folder(self.specs))
        named = files["community.yaml"].decode().replace("\nid: auto\n", f"\nid: {self.community}\n", 1)
        files["community.yaml"] = named.encode()
        patiently(lambda: publish(memory.specs, files, discover(), message="A journey", author="journey", at=BEGINS))
        spec = patiently(lambda: memory.specs.current(self.community))
        for role in spec.roles:
            memory.effects.staff(self.community, role, [f"{role}-1", f"{role}-2"])
        long_ago = BEGINS - timedelta(days=400)
        told: dict[str, Any] = {"origin": "private_domain", "consent": True, "car_model": "suv-x", "city": "上海"}
        memory.members(spec).enlist([Member(one, long_ago, told) for one in FRIENDS], at=long_ago)
        memory.members(spec).enlist([Member("newcomer", BEGINS, {"origin": "private_domain"})], at=BEGINS)
        firsts = [First(place=Place(member=one, ladder=LIFECYCLE), at="active", since=long_ago) for one in FRIENDS]
        memory.standings.begin(self.community, firsts, at=BEGINS)
        return spec
