"""What sources say about a subject: per field and source the latest statement."""

from collections.abc import Mapping
from typing import Any

from domain.clock import rfc3339
from domain.events import Order

Said = tuple[Order, Any]
Attributes = dict[str, dict[str, Said]]
"""field -> source -> (order, value)."""


def state_traits(attributes: Attributes, traits: Mapping[str, Any], source: str, order: Order) -> None:
    """Takes each trait that is not None as the statement of `source`, unless it made a later one."""
    for name, value in traits.items():
        if value is not None:
            _say(attributes.setdefault(name, {}), source, (order, value))


def _say(sources: dict[str, Said], source: str, said: Said) -> None:
    known = sources.get(source)
    if known is None or said[0] > known[0]:
        sources[source] = said


def merge(into: Attributes, other: Attributes) -> None:
    """The later statement of each source."""
    for name, sources in other.items():
        mine = into.setdefault(name, {})
        for source, said in sources.items():
            _say(mine, source, said)


def pack(attributes: Attributes) -> list[Any]:
    """Canonical rows, sorted by field and source; values stay as they came."""
    return [
        [name, [[source, *sources[source][0], sources[source][1]] for source in sorted(sources)]]
        for name, sources in sorted(attributes.items())
    ]


def unpack(packed: list[Any]) -> Attributes:
    """The inverse of `pack`."""
    return {
        name: {source: ((at, first, arrival), value) for source, at, first, arrival, value in rows}
        for name, rows in packed
    }


def view(attributes: Attributes) -> dict[str, Any]:
    """The latest value of each field, where it is from, and what other sources say otherwise."""
    return {name: _field(sources) for name, sources in sorted(attributes.items())}


def _field(sources: dict[str, Said]) -> dict[str, Any]:
    latest = max(sources, key=lambda source: (sources[source][0], source))
    (at, _, _), value = sources[latest]
    shown = {"value": value, "source": latest, "at": rfc3339(at)}
    others = [
        {"value": said, "source": source, "at": rfc3339(order[0])}
        for source, (order, said) in sorted(sources.items())
        if said != value
    ]
    return shown | {"conflicts": others} if others else shown
