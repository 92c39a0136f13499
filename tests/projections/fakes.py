"""Builders of events, and the runner's two ports in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.bodies import Body, pack
from domain.clock import DAY
from domain.errors import MovedOn
from domain.events import IDENTIFY, LINKED, MERGED, TRACK, Event
from domain.meaning import FoldConfig, Meaning
from projections.runner import Step, Told

MEANINGS = {
    "Product Viewed": Meaning(action="view", item="product_id", category="category"),
    "Product Added": Meaning(action="cart", item="product_id", category="category"),
    "Order Completed": Meaning(
        action="purchase",
        item="product_id",
        category="category",
        amount="revenue",
        price="price",
        quantity="quantity",
        currency="currency",
        products="products",
    ),
    "Order Refunded": Meaning(action="refund", amount="revenue", currency="currency"),
    "page": Meaning(action="visit"),
}
CONFIG = FoldConfig(
    meanings=MEANINGS,
    fold_key=b"fold key",
    segments=(("loyal", 60, 3, 0), ("active", 60, 0, 0), ("lapsed", 365, 0, 0)),
)


def happened(
    name: str,
    at: int,
    /,
    *,
    kind: str = TRACK,
    recorded: int | None = None,
    arrival: int = 0,
    source: str = "web",
    **said: Any,
) -> Event:
    """An event; received when it happened unless `recorded` says otherwise."""
    return Event(kind, name, at, at if recorded is None else recorded, arrival, source, "", said, {})


def bought(day: int, *, recorded_day: int | None = None, **said: Any) -> Event:
    """A purchase at noon."""
    noon = DAY // 2
    recorded = (day if recorded_day is None else recorded_day) * DAY + noon
    return happened("Order Completed", day * DAY + noon, recorded=recorded, **({"revenue": 10} | said))


def linked(identifier: str, at: int, arrival: int = 0) -> Event:
    return happened("", at, kind=LINKED, arrival=arrival, identifier=identifier)


def merged(into: bytes, at: int, arrival: int = 0) -> Event:
    return happened("", at, kind=MERGED, arrival=arrival, into=into.hex())


def identified(at: int, /, *, arrival: int = 0, source: str = "web", **traits: Any) -> Event:
    return happened("", at, kind=IDENTIFY, arrival=arrival, source=source, **traits)


def body(*events: Event, first: int = 0) -> Body:
    return pack(first, list(events))


@dataclass
class MemoryHistory:
    """Steps by position; positions without a step may not occur."""

    steps: Sequence[Step]

    def head(self) -> int:
        return self.steps[-1].position + 1 if self.steps else 0

    def read(self, *, after: int, limit: int) -> Sequence[Step]:
        return [step for step in self.steps if after < step.position <= after + limit]

    def own(self, subjects: Collection[bytes], *, before: int) -> Sequence[Told]:
        told = [step for step in self.steps if isinstance(step, Told)]
        return [step for step in told if step.subject in subjects and step.position < before]


@dataclass
class MemoryStates:
    """One slot of the projections' tables."""

    at: int = -1
    rows: dict[bytes, bytes] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)
    loads: int = 0
    saves: int = 0

    def checkpoint(self) -> int:
        return self.at

    def load(self, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        self.loads += 1
        return {subject: self.rows[subject] for subject in subjects if subject in self.rows}

    def shared(self) -> dict[str, bytes]:
        return dict(self.parts)

    def save(
        self,
        *,
        expected: int,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> None:
        if self.at != expected:
            raise MovedOn("the checkpoint moved")
        self.at = checkpoint
        self.saves += 1
        _apply(self.rows, states)
        _apply(self.parts, shared)


def _apply(rows: dict[Any, bytes], changes: Mapping[Any, bytes | None]) -> None:
    for key, row in changes.items():
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
