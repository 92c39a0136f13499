"""A profile as it was: the subject's own entries folded up to a position or a time, minus today's erasures."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from domain.bodies import Body, pack
from domain.events import LINKED, Event, Micros
from domain.meaning import FoldConfig
from governance.blind import folded
from governance.replay import UNFOLDED
from governance.store import Store
from governance.subjects import Component, own_entries
from projections import state as states
from projections.runner import Step, Told, catch_up
from projections.state import State


class Past(NamedTuple):
    """A state of the past, the position it goes up to, how many of the entries stay shut, and whose it is."""

    state: State
    position: int
    withheld: int
    subjects: frozenset[bytes]


Keep = Callable[[Event], bool]


def as_of_position(store: Store, who: Component, identifier: str, position: int, keep: Keep) -> Past | None:
    """Of the events that are to be kept. None when the identifier named nobody at that position."""
    return _past(store, who, identifier, through=position, keep=keep)


def as_of_time(store: Store, who: Component, identifier: str, time: Micros, keep: Keep) -> Past | None:
    """As above, of what was received by that time."""
    return _past(store, who, identifier, through=None, keep=lambda event: event.recorded <= time and keep(event))


def _past(store: Store, who: Component, identifier: str, *, through: int | None, keep: Keep) -> Past | None:
    own = own_entries(store, who, through=through)
    told = [
        Told(position, subject, kept)
        for position, subject, klass, body in own.bodies
        if klass not in UNFOLDED and (kept := _kept(body, keep)) is not None
    ]
    scratch = fold_own(told, store.fold)
    wanted = folded(identifier)
    linked = (event.properties["identifier"] for one in told for event in one.body.events if event.kind == LINKED)
    if wanted not in map(folded, linked):
        return None
    for subject, row in scratch.items():
        found = states.decode(row)
        if wanted in map(folded, found.identity.identifiers):
            subjects = frozenset({subject, *found.identity.members})
            return Past(found, told[-1].position if told else -1, own.withheld, subjects)
    return None


def fold_own(told: Sequence[Told], config: FoldConfig) -> dict[bytes, bytes]:
    """The states of a few subjects from their own bodies, by the same runner as every projection."""
    scratch = _Scratch(list(told))
    catch_up(scratch, scratch, config)
    return scratch.rows


def _kept(body: Body, keep: Keep) -> Body | None:
    events = [event for event in body.events if keep(event)]
    if len(events) == len(body.values):
        return body
    return pack(body.first, events) if events else None


class _Scratch:
    """A history of these steps alone, and states that live as long as the call."""

    def __init__(self, told: list[Told]) -> None:
        self._told = told
        self.rows: dict[bytes, bytes] = {}
        self._checkpoint = -1

    def head(self) -> int:
        return self._told[-1].position + 1 if self._told else 0

    def read(self, *, after: int, limit: int) -> Sequence[Step]:
        return [one for one in self._told if one.position > after]

    def own(self, subjects: Collection[bytes], *, before: int) -> Sequence[Told]:
        return [one for one in self._told if one.subject in subjects and one.position < before]

    def checkpoint(self) -> int:
        return self._checkpoint

    def load(self, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        return {one: self.rows[one] for one in subjects if one in self.rows}

    def shared(self) -> dict[str, bytes]:
        return {}

    def save(
        self,
        *,
        expected: int,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> None:
        self.rows.update({one: row for one, row in states.items() if row is not None})
        self._checkpoint = checkpoint
