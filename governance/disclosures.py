"""What left, to whom, for what: a fact of the subject, kept under a class of its own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from domain.events import CASE, DISCLOSED, Event
from governance.facts import Fact, record
from governance.store import Store
from governance.subjects import Component, component, own_entries

CLASS = "disclosure"


def disclose(
    store: Store,
    views: Sequence[tuple[bytes, str, Sequence[str]]],
    recipient: str,
    pairwise: Callable[[bytes], str] | None = None,
) -> set[bytes]:
    """Record (subject, purpose, sections) before anything is answered; returns whom a fence now hides.

    `pairwise` gives the id under which a recipient outside the house knows the subject from now on.
    """
    facts = [
        Fact(
            subject,
            CLASS,
            DISCLOSED,
            {"purpose": purpose, "recipient": recipient, "fields": list(sections)}
            | ({"pairwise": pairwise(subject)} if pairwise else {}),
        )
        for subject, purpose, sections in views
    ]
    return record(store, facts)


def recipients_of(store: Store, who: Component) -> list[str]:
    """Everybody to whom this component was disclosed, by name, sorted."""
    return sorted({str(event.properties.get("recipient")) for event in _disclosures(store, who)})


def told_in(store: Store, who: Component) -> list[dict[str, Any]]:
    """Everybody to whom this component was disclosed, sorted: `recipient`, and `pairwise`, the ids it was given.

    A merge joins people who were known to a recipient by an id each. Who was given none is of the house.
    """
    ids: dict[str, set[str]] = {}
    for event in _disclosures(store, who):
        known = ids.setdefault(str(event.properties.get("recipient")), set())
        if "pairwise" in event.properties:
            known.add(event.properties["pairwise"])
    return [{"recipient": name, "pairwise": sorted(known)} for name, known in sorted(ids.items())]


def recipients_in(store: Store, case: bytes) -> list[str]:
    """Whom the case names as recipients: written down before the person's own facts were destroyed."""
    return sorted({str(one["recipient"]) for one in _named(store, case)})


def names_outside(store: Store, case: bytes) -> bool:
    """Whether somebody outside the house is to be told in this case."""
    return any(one["pairwise"] for one in _named(store, case))


def missing_in(store: Store, case: bytes, who: Component) -> bool:
    """Whether the component is known to a recipient, or by an id, of which the case does not say so."""
    return not _pairs(told_in(store, who)) <= _pairs(_named(store, case))


def _named(store: Store, case: bytes) -> list[dict[str, Any]]:
    bodies = own_entries(store, component(store, case)).bodies
    told = [event.properties for _, _, _, body in bodies for event in body.events if event.kind == CASE]
    return [one for said in told for one in said.get("recipients", ())]


def _pairs(told: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["recipient"], pairwise) for one in told for pairwise in ["", *one["pairwise"]]}


def _disclosures(store: Store, who: Component) -> Iterator[Event]:
    for _, _, klass, body in own_entries(store, who, classes={CLASS}).bodies:
        yield from (event for event in body.events if klass == CLASS and event.kind == DISCLOSED)
