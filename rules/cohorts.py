"""Cohorts: how members are divided into groups that share something, of bounded size, and how that is kept up to date.

A member's *trait* is what is known of the attributes that a partition divides by, most important first, up to the
first that is unknown. A *key* is a trait or the beginning of one. The rules, which the same input always decides alike:

1. Nobody who stays is moved: only who comes and who goes changes anything.
2. Who comes goes where most of the own trait is shared: into a group of that key, the smallest first. When its groups
   are full, another one opens. So no group is ever larger than the largest size, and those that open together are
   evened out: 31 members, at most 30 in one, are 16 and 15.
3. For a key without a group one opens when there are enough for it (the smallest size): those who come, and those of
   that key who had to go to a group of a shorter key before. Until then who comes goes to the next shorter key, and in
   the end to the empty one, which everybody shares: the fallback. Who knows nothing of the first attribute is there.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group as it stands: its number in the partition, what its members share, who they are."""

    number: int
    key: Key
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What has to change: groups that open (number to key), who joins which, who leaves which."""

    opened: Mapping[int, Key]
    joined: Mapping[str, int]
    left: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.opened or self.joined or self.left)


@dataclass(slots=True)
class _Node:
    """One key while it is being settled."""

    rooms: list[tuple[int, int]] = field(default_factory=list)  # (members, number) of each group
    coming: list[str] = field(default_factory=list)
    nearby: int = 0  # of this key, and in a group of a shorter one


def regroup(
    groups: Sequence[Group], traits: Mapping[str, Key], size: tuple[int, int], *, next_number: int = 1
) -> Regrouped:
    """Bring groups up to date.

    Args:
        groups: those that are open.
        traits: everybody who is to be in one now, with what is known of them.
        size: smallest and largest.
        next_number: of the next group that opens; numbers are never used again.
    """
    left: dict[str, int] = {}
    nodes: dict[Key, _Node] = {(): _Node()}
    placed: set[str] = set()
    for group in groups:
        staying = group.members & traits.keys()
        left |= dict.fromkeys(sorted(group.members - staying), group.number)
        nodes.setdefault(group.key, _Node()).rooms.append((len(staying), group.number))
        placed |= staying
        for member in staying:
            if traits[member][: len(group.key)] == group.key:
                for key in beginnings(traits[member], longer_than=len(group.key)):
                    nodes.setdefault(key, _Node()).nearby += 1
    for member in sorted(traits.keys() - placed):
        for key in beginnings(traits[member]):
            nodes.setdefault(key, _Node())
        nodes[traits[member]].coming.append(member)

    opened: dict[int, Key] = {}
    joined: dict[str, int] = {}
    for key in sorted(nodes, key=lambda key: (-len(key), key)):
        node = nodes[key]
        if key and not node.rooms and len(node.coming) + node.nearby < size[0]:
            nodes[key[:-1]].coming += node.coming
            continue
        free = sum(max(0, size[1] - count) for count, _ in node.rooms)
        for _ in range(-(-max(0, len(node.coming) - free) // size[1])):
            opened[next_number] = key
            node.rooms.append((0, next_number))
            next_number += 1
        heapq.heapify(node.rooms)
        for member in sorted(node.coming):
            count, number = heapq.heappop(node.rooms)
            joined[member] = number
            heapq.heappush(node.rooms, (count + 1, number))
    return Regrouped(opened, joined, left)


def beginnings(trait: Key, *, longer_than: int = -1) -> Iterator[Key]:
    """Every key that a trait begins with, the longest first, down to the empty one that everybody shares."""
    return (trait[:length] for length in range(len(trait), longer_than, -1))
