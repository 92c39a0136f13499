"""Which events made a field of a profile: told by what the fold makes of each event alone, as its pieces only add up.

What is named is enough: folded without the rest, it gives the same field. And it is needed: without it the field is
another one, or gone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.bodies import pack
from domain.clock import day_of, rfc3339
from domain.events import Event, Micros
from domain.meaning import FoldConfig
from projections import acting, attributes
from projections import state as states
from projections.acting import Roles, is_behaviour, newest, those, within
from projections.scorers.catalogue import SCORERS
from projections.sequence import LAST, Step
from projections.state import State
from projections.telling import tell

WHOLE: Final = frozenset({"attributes", "scores"})
"""Sections whose fields are documents of their own: shown, explained and compared as one."""


def piece(event: Event, first: int, config: FoldConfig) -> State:
    """What the fold makes of one event, of an append that began at `first`."""
    state = states.empty()
    tell(state, pack(first, [event]), config)
    return state


def together(pieces: Sequence[State]) -> State:
    """The state that these events make, whatever their order."""
    state = states.empty()
    for one in pieces:
        states.merge(state, one)
    return state


def fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a profile document by dotted name, with what they are grouped under."""
    found: dict[str, Any] = {}

    def walk(path: str, value: Any, depth: int) -> None:
        found[path] = value
        if isinstance(value, dict) and (depth < 2 or path.partition(".")[0] not in WHOLE):
            for name, part in value.items():
                walk(f"{path}.{name}", part, depth + 1)

    for section, value in document.items():
        walk(section, value, 1)
    return found


def leaves(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that hold no others."""
    found = fields(document)
    return {
        path: value
        for path, value in found.items()
        if not isinstance(value, dict) or (path.partition(".")[0] in WHOLE and "." in path)
    }


def made(field: str, pieces: Sequence[State], at: Micros, config: FoldConfig) -> Roles | None:
    """The events that made a field as it is at a moment. None for what is no field."""
    section, _, name = field.partition(".")
    today = day_of(at)
    match section:
        case "identifiers" if name:
            return those(pieces, lambda one: any(_kind(said) == name for said in one.identity.identifiers), "linked")
        case "attributes" if name:
            return _attribute(name, pieces)
        case "interests" if name == "tags" or name.partition(".")[0] == "shares":
            return _shares(name.partition(".")[2], pieces, today)
        case "sequence" if name == "last":
            return _last(pieces, today)
        case "sequence" if name.partition(".")[0] == "next":
            return {index: "counted" for _, index in newest(pieces, today)}
        case "scores" if name.partition(".")[0] in SCORERS:
            return those(pieces, is_behaviour)
        case "activity":
            return acting.made(name, pieces, today, config)
        case _:
            return None


def concerned(field: str, pieces: Sequence[State], at: Micros, config: FoldConfig) -> Roles | None:
    """As `made`, with what was said of the field and does not show any more."""
    section, _, name = field.partition(".")
    if section == "attributes":
        said = those(pieces, lambda one: name in one.attributes, "said")
        return said | _attribute(name, pieces)
    return made(field, pieces, at, config)


def _kind(identifier: str) -> str:
    return identifier.partition(":")[0]


def _attribute(name: str, pieces: Sequence[State]) -> Roles:
    """The statement that shows, what says the same of the same moment, and what other sources say otherwise."""
    shown = attributes.view(together([one for one in pieces if name in one.attributes]).attributes).get(name)
    if shown is None:
        return {}
    latest: dict[str, int] = {}
    roles: Roles = {}
    for index, one in enumerate(pieces):
        for source, (order, value) in one.attributes.get(name, {}).items():
            known = latest.get(source)
            if known is None or order > pieces[known].attributes[name][source][0]:
                latest[source] = index
            if (value, source, rfc3339(order[0])) == (shown["value"], shown["source"], shown["at"]):
                roles[index] = "repeated"
    roles |= {latest[one["source"]]: "conflict" for one in shown.get("conflicts", ())}
    return roles | {latest[shown["source"]]: "latest"}


def _shares(category: str, pieces: Sequence[State], today: int) -> Roles:
    """A share is of a whole: what other interests weigh is in it too."""
    drawn = {
        index: {name for name, days in one.interests.items() if within(days, today)}
        for index, one in enumerate(pieces)
        if one.interests
    }
    if category and not any(category in names for names in drawn.values()):
        return {}
    return {
        index: "counted" if not category or category in names else "total" for index, names in drawn.items() if names
    }


def _last(pieces: Sequence[State], today: int) -> Roles:
    shown = newest(pieces, today)[-LAST:]
    alike = {_looks(step) for step, _ in shown}
    repeated = those(pieces, lambda one: any(_looks(step) in alike for step in one.sequence), "repeated")
    return repeated | {index: "latest" for _, index in shown}


def _looks(step: Step) -> tuple[Micros, str, str]:
    return step[0], step[3], step[4]
