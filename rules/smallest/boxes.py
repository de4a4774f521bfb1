"""Boxes: many changes at once, as a range of each value along the tracks on which it can move."""

from __future__ import annotations

from rules.smallest.places import Place

ASKING = 100
"""For so many steps a value counts that only somebody else can set."""

Side = tuple[int, int, int]
"""Where a place may be in a box: (track, lowest index, highest index); track -1 is all tracks, from the present on."""
Box = tuple[Side, ...]
ANYWHERE: Side = (-1, 0, 0)
HERE: Side = (0, 0, 0)


def ways(place: Place, side: Side) -> list[Side]:
    """A side as ranges of single tracks."""
    track = side[0]
    if track >= 0:
        return [side]
    if not place.tracks:
        return [HERE]
    if track == -1:
        return [(number, 0, len(one.values) - 1) for number, one in enumerate(place.tracks)]
    effort = -2 - track
    found = [HERE]
    for number, one in enumerate(place.tracks):
        steps = effort - (ASKING if one.how == "others" else 0)
        last = len(one.values) - 1
        if one.unit and not one.steps and place.now is not None:
            last = min(last, steps * one.unit)
        if steps > 0:
            found.append((number, 1, last))
    return found


def put(box: Box, number: int, side: Side) -> Box:
    """The box with another side."""
    return (*box[:number], side, *box[number + 1 :])


def corner_of(side: Side) -> Side:
    """The nearest corner of a side."""
    return HERE if side[0] < 0 else (side[0], side[1], side[1])
