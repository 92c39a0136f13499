"""The newest events of a subject in their order, and what tends to follow what."""

from collections import Counter
from itertools import pairwise
from typing import Any

from domain.clock import day_of, rfc3339
from domain.events import Micros

Step = tuple[Micros, int, int, str, str]
"""(event time, first position of its append, arrival index, type, item or ""): sorts in order."""

NEWEST = 64
_SLACK = 3 * NEWEST  # trimmed now and then: sorting after every body would cost more than the rest of the fold
LAST = 10


def trim(steps: list[Step]) -> None:
    """Keeps the newest, once enough have gathered."""
    if len(steps) > _SLACK:
        settle(steps)


def settle(steps: list[Step]) -> None:
    """Sorts and keeps the newest: the same whatever the order of arrival and of earlier trimming."""
    steps.sort()
    del steps[:-NEWEST]


def pack(steps: list[Step], index: dict[str, int]) -> list[int]:
    """Canonical and flat: differences in time and position, then arrival, type, item."""
    settle(steps)
    flat: list[int] = []
    before_at = before_first = 0
    for at, first, arrival, type_, item in steps:
        flat += (at - before_at, first - before_first, arrival, index[type_], index[item])
        before_at, before_first = at, first
    return flat


def unpack(flat: list[int], texts: list[str]) -> list[Step]:
    """The inverse of `pack`."""
    steps: list[Step] = []
    at = first = 0
    turns = iter(flat)
    for later, further, arrival, type_, item in zip(turns, turns, turns, turns, turns, strict=True):
        at += later
        first += further
        steps.append((at, first, arrival, texts[type_], texts[item]))
    return steps


def texts(steps: list[Step]) -> set[str]:
    """Every text that `pack` will look up."""
    settle(steps)
    return {step[3] for step in steps} | {step[4] for step in steps}


def view(steps: list[Step], at: Micros) -> dict[str, Any]:
    """`last`: the newest ten, oldest first; `next`: shares of the types that followed the current one before."""
    seen = sorted(step for step in steps if day_of(step[0]) <= day_of(at))[-NEWEST:]
    last = [
        {"type": type_, "item": item, "at": rfc3339(when)} if item else {"type": type_, "at": rfc3339(when)}
        for when, _, _, type_, item in seen[-LAST:]
    ]
    followed = Counter(after[3] for before, after in pairwise(seen) if before[3] == seen[-1][3])
    total = followed.total()
    return {"last": last, "next": {type_: round(n / total, 6) for type_, n in sorted(followed.items())}}
