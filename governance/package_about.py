"""What an access package says besides the data: purposes, recipients, retention, sources, rights (GDPR Art. 15(1))."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from domain.clock import day_name, first_day, rfc3339
from domain.events import BEHAVIOUR, DISCLOSED, IDENTIFY, Event
from governance import package_texts as texts
from governance.purposes import holds
from governance.standing import standing_of
from governance.store import Store
from governance.subjects import Component

PERSON: Final = "data subject"
"""The recipient of an export, as its disclosure names it; no recipient in the sense of the law."""


def about_person(store: Store, who: Component, root: bytes, bodies: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """GDPR Art. 15(1)(a) to (h), of a living subject and the bodies that are left of it."""
    events = [event for *_, body in bodies for event in body.events]
    entries = Counter(klass for *_, klass, _ in bodies)
    controller = store.policy.rules.controller
    return {
        "controller": controller and controller.model_dump(mode="json"),
        "purposes": _purposes(store, root),
        "categories": sorted(
            name for name, category in store.policy.rules.categories.items() if category.retention in entries
        ),
        "classes": [_kept(store, who, name, count) for name, count in sorted(entries.items())],
        "recipients": _recipients(store, events),
        "sources": sorted({event.source for event in events if event.kind in BEHAVIOUR or event.kind == IDENTIFY}),
        "logic": {"en": texts.LOGIC[0], "zh": texts.LOGIC[1]},
        "rights": [{"code": code, "en": en, "zh": zh} for code, (en, zh) in texts.RIGHTS.items()],
    }


def _purposes(store: Store, root: bytes) -> list[dict[str, Any]]:
    standing = standing_of(store, root)
    return [
        {
            "name": name,
            "title": rule.title and rule.title.model_dump(),
            "basis": rule.basis,
            "sections": list(rule.sections),
            "allowed": standing.restricted is None and holds(store.policy.purpose(name), standing),
            "human_review": rule.human_review,
        }
        for name, rule in store.policy.rules.purposes.items()
    ]


def _kept(store: Store, who: Component, name: str, entries: int) -> dict[str, Any]:
    months = store.policy.months(name)
    last = max((row.epoch for row in who.keys if row.klass == name), default=0)
    return {
        "class": name,
        "entries": entries,
        "months": months,
        "until": day_name(first_day(last + months + 1) - 1) if months else None,
    }


def _recipients(store: Store, events: Sequence[Event]) -> list[dict[str, Any]]:
    """By name (CJEU C-154/21), and for what; the person is none."""
    found: dict[str, tuple[set[str], int]] = {}
    for event in events:
        if event.kind == DISCLOSED and event.properties["recipient"] != PERSON:
            purposes, last = found.get(event.properties["recipient"], (set(), 0))
            found[event.properties["recipient"]] = purposes | {event.properties["purpose"]}, max(last, event.at)
    declared = store.policy.recipients
    return [
        {
            "name": name,
            "purposes": sorted(purposes),
            "last_at": rfc3339(last),
            "location": declared[name].location if name in declared else "",
        }
        for name, (purposes, last) in sorted(found.items())
    ]
