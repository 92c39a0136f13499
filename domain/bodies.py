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
    which: list[int]  # index into `shapes`
    at: list[Micros]
    recorded: list[Micros]
    arrival: list[int]
    message_ids: list[str]
    values: list[list[Any]]  # one row an event, in the order of its shape's property names
    contexts: list[dict[str, Any]]
    original: list[Micros | None]
    sent: list[Micros | None]

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
    columns = list(zip(*map(astuple, events), strict=True))  # by the field order of Event
    kinds, names, at, recorded, arrival, sources, message_ids, properties, contexts, original, sent, policies = columns
    numbers: dict[Shape, int] = {}
    shapes = zip(kinds, names, sources, policies, map(tuple, properties), strict=True)
    which = [numbers.setdefault(shape, len(numbers)) for shape in shapes]
    return Body(
        VERSION,
        first,
        list(numbers),
        short(which),
        list(at),
        beside(recorded, at),
        list(arrival),
        list(message_ids),
        [list(one.values()) for one in properties],
        list(contexts) if any(contexts) else [{}],
        beside(original, at),
        short(sent),
    )


def spread(column: Sequence[Cell], count: int) -> Sequence[Cell]:
    """A column as long as the body."""
    return column if len(column) == count else [column[0]] * count


def short(column: Sequence[Cell]) -> list[Cell]:
    """A single cell where all are equal."""
    return list(column[:1] if column.count(column[0]) == len(column) else column)


def beside(column: Sequence[Cell], at: Sequence[Any]) -> list[Cell]:
    """Empty where it equals the event times, else as `short`."""
    return [] if column == at else short(column)
