"""What changed in a profile between two positions, field by field, and the entries that changed it."""

from collections.abc import Collection, Sequence
from typing import Any

from domain.errors import BadInput, NotFound
from domain.events import MERGED
from governance.access import AsOf
from governance.pointintime import Past, as_of_position
from governance.provenance import Admitted, Line, admitted, depends_on, entries, lines_of
from governance.purposes import ABOUT, covered
from governance.store import Store
from governance.subjects import name_of
from governance.withheld import periods_ended
from projections.provenance import concerned, leaves


def differences(store: Store, identifier: str, purpose: str, first: int, last: int, recipient: str) -> dict[str, Any]:
    """Every field that is another one as of `last` than as of `first`, both seen today, minus what was erased since.

    Itself a disclosure. Raises what `provenance.admitted` raises, NotFound for who was not there at `last`, and
    BadInput for positions that are not in order.
    """
    given = admitted(store, identifier, purpose, recipient)
    if not 0 <= first < last < store.log.head().size:
        raise BadInput("command", "--diff", "two positions of the log, the earlier first")
    keep, at = given.reader.keep(given.rule), store.clock()
    before = as_of_position(store, given.who, identifier, first, keep)
    after = as_of_position(store, given.who, identifier, last, keep)
    if after is None:
        raise NotFound
    earlier, later = _document(given, before, first, at), _document(given, after, last, at)
    lines = [line for line in lines_of(given, last)[0] if line.subject in after.subjects]
    known = frozenset() if before is None else before.subjects
    changes = [
        {
            "field": field,
            "before": earlier_field,
            "after": later_field,
            "entries": _between(store, field, lines, first, at, known),
            "depends_on": depends_on(field, later),
        }
        for field, earlier_field, later_field in _changed(earlier, later)
    ]
    given.told([name for name in later if name not in ABOUT])
    return {
        "subject": name_of(given.who.root),
        "purpose": given.rule.name,
        "basis": given.basis,
        "from": first,
        "to": last,
        "changes": changes,
        "entries_withheld": after.withheld,
        "periods_withheld": periods_ended(store, since=first),
    }


def _document(given: Admitted, past: Past | None, position: int, at: int) -> dict[str, Any]:
    if past is None:  # nobody was known by this identifier yet
        return {}
    whole = given.reader.document(given.who.root, past.state, position, AsOf(position=position), at, given.rule, {})
    return covered(whole, given.rule)[0]


def _changed(earlier: dict[str, Any], later: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    was, became = ({name: one for name, one in document.items() if name not in ABOUT} for document in (earlier, later))
    before, after = leaves(was), leaves(became)
    pairs = ((name, before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys()))
    return [pair for pair in pairs if pair[1] != pair[2]]


def _between(
    store: Store, field: str, lines: Sequence[Line], first: int, at: int, known: Collection[bytes]
) -> list[dict[str, Any]]:
    """Those after `first` that concern a field; and the merges, where what another one had before takes part in it."""
    roles = concerned(field, [line.piece for line in lines], at, store.fold) or {}
    if any(lines[index].subject not in known for index in roles):
        roles = {index: "merged" for index, line in enumerate(lines) if line.event.kind == MERGED} | roles
    return entries(store, lines, {index: role for index, role in roles.items() if lines[index].position > first})
