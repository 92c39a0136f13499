"""Whom a breach concerns: who among the living was in a source, a segment or a disclosure in a period.

GDPR Art. 33 and 34, PIPL Art. 57. Those who were erased cannot be named any more: nothing of them is left to ask.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from domain.clock import day_of, month_of
from domain.errors import BadInput
from domain.events import DISCLOSED, Event, Micros
from governance.disclosures import CLASS, disclose
from governance.keyrows import KeyRow
from governance.living import Living, events_of, living
from governance.projecting import serving
from governance.replay import UNFOLDED
from governance.roles import open_door, require, require_reason, role_for
from governance.store import Store
from governance.subjects import name_of
from projections import identity, segments
from projections import state as states

PURPOSE = "breach"


class Leak(NamedTuple):
    """What got out, by exactly one of its three names, and the period: from `first` to before `last`."""

    first: Micros
    last: Micros
    source: str | None = None
    segment: str | None = None
    recipient: str | None = None


def affected(store: Store, leak: Leak, recipient: str, *, reveal: str | None = None) -> Iterator[dict[str, Any]]:
    """Each living person once, in no order that tells anything: the subject id, and with `reveal` the identifiers.

    `reveal` is a reason of `roles.REASONS`: an act says so first, and each person's own record that the identifiers
    were shown. Raises NotPermitted, BadInput, and MovedOn when the projections are rebuilt meanwhile.
    """
    require(store, "breach")
    if (leak.source, leak.segment, leak.recipient).count(None) != 2 or leak.first >= leak.last:
        raise BadInput("breach", "what", "one of source, segment and recipient, and a period")
    if leak.segment is not None and leak.segment not in {one.name for one in store.policy.rules.segments}:
        raise BadInput("breach", "segment", "one of " + ", ".join(one.name for one in store.policy.rules.segments))
    if reveal is not None:
        require(store, "reveal")
        require_reason(reveal)
        open_door(store, PURPOSE, reveal, role=role_for(store, "reveal"))
    return _affected(store, leak, recipient, reveal is not None)


def _affected(store: Store, leak: Leak, recipient: str, is_revealed: bool) -> Iterator[dict[str, Any]]:
    merged: set[bytes] = set()  # the others come once by themselves
    for chunk in living(store):
        found = {one.root for one in _hit(store, leak, chunk)} - merged
        merged |= {one.root for one in chunk if one.root != one.subject or one.state.identity.members} & found
        names = _identifiers(store, found, recipient) if is_revealed else {}
        for root in sorted(found):
            if not is_revealed or root in names:
                yield {"subject": name_of(root), **({"identifiers": names[root]} if is_revealed else {})}


def _hit(store: Store, leak: Leak, chunk: list[Living]) -> list[Living]:
    if leak.segment is not None:
        first, last = day_of(leak.first), day_of(leak.last - 1)
        return [
            one
            for one in chunk
            if one.root == one.subject
            and segments.was_in(one.state.activity, leak.segment, first=first, last=last, config=store.fold)
        ]
    matches = _from_source(leak) if leak.source is not None else _to_recipient(leak)
    hit = {
        subject for subject, event in events_of(store, {one.subject for one in chunk}, _keys(leak)) if matches(event)
    }
    return [one for one in chunk if one.subject in hit]


def _keys(leak: Leak) -> Callable[[KeyRow], bool]:
    months = range(month_of(day_of(leak.first)), month_of(day_of(leak.last - 1)) + 1)
    return lambda row: (
        (row.epoch == 0 or row.epoch in months)
        and (
            row.klass == CLASS if leak.source is None else row.klass not in UNFOLDED  # what governance itself noted
        )
    )


def _from_source(leak: Leak) -> Callable[[Event], bool]:
    return lambda event: event.source == leak.source and leak.first <= event.recorded < leak.last


def _to_recipient(leak: Leak) -> Callable[[Event], bool]:
    return lambda event: (
        event.kind == DISCLOSED
        and event.properties["recipient"] == leak.recipient
        and leak.first <= event.recorded < leak.last
    )


def _identifiers(store: Store, roots: set[bytes], recipient: str) -> dict[bytes, dict[str, list[str]]]:
    """Written down before it is shown; whom a fence hides meanwhile is not shown."""
    fenced = disclose(store, [(one, PURPOSE, ["identifiers"]) for one in sorted(roots)], recipient) if roots else set()
    rows = serving(store).load(roots - fenced)
    return {one: identity.view(states.decode(row).identity) for one, row in rows.items()}
