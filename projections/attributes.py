"""What sources say about a subject: per field and source the latest statement."""

from collections.abc import Mapping
from typing import Any, Final

from domain.clock import rfc3339
from domain.events import Order

Said = tuple[Order, Any]
Attributes = dict[str, dict[str, Said]]
"""field -> source -> (order, value)."""

CORRECTION: Final = "correction"
"""The source of what a subject had corrected: what anybody said before it is not shown any more."""


def state_traits(attributes: Attributes, traits: Mapping[str, Any], source: str, order: Order) -> None:
    """Takes each trait that is not None as the statement of `source`, unless it made a later one."""
    for name, value in traits.items():
        if value is not None:
            _say(attributes.setdefault(name, {}), source, (order, value))


def correct(attributes: Attributes, values: Mapping[str, Any], order: Order) -> None:
    """Takes each value, and for None that the field goes, as the subject's correction (GDPR Art. 16)."""
    for name, value in values.items():
        _say(attributes.setdefault(name, {}), CORRECTION, (order, value))


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
    fields = ((name, _standing(sources)) for name, sources in sorted(attributes.items()))
    return {name: _field(standing) for name, standing in fields if standing}


def _standing(sources: dict[str, Said]) -> dict[str, Said]:
    """What was said since the field was corrected; a correction that took the value away is none."""
    corrected = sources.get(CORRECTION)
    if corrected is None:
        return sources
    return {source: said for source, said in sources.items() if said[0] >= corrected[0] and said[1] is not None}


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
