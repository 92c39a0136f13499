"""What left, to whom, for what: a fact of the subject, kept under a class of its own."""

from collections.abc import Sequence

from domain.events import CASE, DISCLOSED
from governance.facts import Fact, record
from governance.store import Store
from governance.subjects import Component, component, own_entries

CLASS = "disclosure"


def disclose(store: Store, views: Sequence[tuple[bytes, str, Sequence[str]]], recipient: str) -> set[bytes]:
    """Record (subject, purpose, sections) before anything is answered; returns whom a fence now hides."""
    facts = [
        Fact(subject, CLASS, DISCLOSED, {"purpose": purpose, "recipient": recipient, "fields": list(sections)})
        for subject, purpose, sections in views
    ]
    return record(store, facts)


def recipients_of(store: Store, who: Component) -> list[str]:
    """Everybody to whom this component was disclosed, by name, sorted."""
    return sorted(
        {
            str(event.properties.get("recipient"))
            for _, _, klass, body in own_entries(store, who, classes={CLASS}).bodies
            for event in body.events
            if klass == CLASS and event.kind == DISCLOSED
        }
    )


def recipients_in(store: Store, case: bytes) -> list[str]:
    """Whom the case names as recipients: written down before the person's own facts were destroyed."""
    bodies = own_entries(store, component(store, case)).bodies
    told = [event.properties for _, _, _, body in bodies for event in body.events if event.kind == CASE]
    return sorted({str(one) for said in told for one in said.get("recipients", ())})
