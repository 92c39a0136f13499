"""A body: the events of one subject, retention class, epoch and append, column by column.

Columns halve what is stored and read at twice the speed: what the events of a subject share
(kind, name, source, property names) is written once, and nothing is built that a fold does not ask for.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import astuple

from domain.events import Event, Micros

VERSION = 1

Cell = TypeVar("Cell")
Shape = tuple[str, str, str, int, tuple[str, ...]]
"""(kind, name, source, policy version, property names)."""


class Body(Struct, array_like=True, frozen=True, gc=False):
    """Field order is the stored format: append only.

    A column holds one cell an event; or a single cell, which is every event's; or, of times, none: they equal `at`.
    """

    version: int
    first: int  # first position of the append: with `at` and `arrival` the order of a subject's events
    shapes: list[Shape]
    which: Sequence[int]  # index into `shapes`
    at: Sequence[Micros]
    recorded: Sequence[Micros]
    arrival: Sequence[int]
    message_ids: Sequence[str]
    values: Sequence[list[Any]]  # one row an event, in the order of its shape's property names
    contexts: Sequence[dict[str, Any]]
    original: Sequence[Micros | None]
    sent: Sequence[Micros | None]

    @property
    def events(self) -> list[Event]:
        """The events, built one by one: for everything but the hot paths."""
        count = len(self.values)
        rows = zip(
            spread(self.which, count), self.at, spread(self.recorded or self.at, count), self.arrival,
            self.message_ids, self.values, spread(self.contexts, count),
            spread(self.original or self.at, count), spread(self.sent, count),
            strict=True,
        )  # fmt: skip
        return [
            Event(kind, name, at, recorded, arrival, source, message_id, dict(zip(names, values, strict=True)),
                  context, original, sent, policy)
            for which, at, recorded, arrival, message_id, values, context, original, sent in rows
            for kind, name, source, policy, names in [self.shapes[which]]
        ]  # fmt: skip


def pack(first: int, events: Sequence[Event]) -> Body:
    """The body of at least one event, in their order."""
    columns = zip(*map(astuple, events), strict=True)  # by the field order of Event
    kinds, names, at, recorded, arrival, sources, message_ids, properties, contexts, original, sent, policies = columns
    numbers: dict[Shape, int] = {}
    which: list[int] = []
    for shape in zip(kinds, names, sources, policies, map(tuple, properties), strict=True):
        number = numbers.get(shape)
        if number is None:
            number = numbers[shape] = len(numbers)
        which.append(number)
    return Body(
        VERSION,
        first,
        list(numbers),
        short(which),
        at,
        beside(recorded, at),
        arrival,
        message_ids,
        [[*one.values()] for one in properties],
        contexts if any(contexts) else [{}],
        beside(original, at),
        short(sent),
    )


def spread(column: Sequence[Cell], count: int) -> Sequence[Cell]:
    """A column as long as the body."""
    return column if len(column) == count else [column[0]] * count


def short(column: Sequence[Cell]) -> Sequence[Cell]:
    """A single cell where all are equal."""
    return column[:1] if column.count(column[0]) == len(column) else column


def beside(column: Sequence[Cell], at: Sequence[Any]) -> Sequence[Cell]:
    """Empty where it equals the event times, else as `short`."""
    return () if column == at else short(column)
