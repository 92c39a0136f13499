"""Who is not to come back: keyed marks of identifiers, each with the serial of its secret and an end.

A mark is an HMAC, cut to 128 bits, of the identifier's blind, or of a digest that an imported list names. It confirms
nothing to whoever lacks the secret, and nothing to anybody once it has ended and the secret is gone.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from domain.clock import DAY, day_of, first_day, month_of, rfc3339
from domain.errors import BadInput, Unavailable
from domain.events import CASE
from governance import listed
from governance.blind import MARKING, SUPPRESSION, Blinder, follow
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.keyrows import KeyRows, TermRow
from governance.projecting import catch_up_to_head, serving
from governance.roles import require
from governance.store import Store
from projections import state as states

LISTED = "listed"
"""The keyring's number: 1 once a list was imported; until then no incoming address is compared with any."""

AT_ONCE = 5000
FIRST_SERIAL = 1


class Imported(NamedTuple):
    """What became of a list."""

    case: bytes
    read: int
    added: int
    refused: int  # lines that are no digest, address or number
    known: list[str]  # identifiers of people who are here already: to be erased


def suppress(store: Store, rows: KeyRows, marks: Collection[bytes], case: bytes) -> None:
    """Keep marks from now until the policy's period ends; under the append lock."""
    rows.add_suppressions(dict.fromkeys(marks, case))
    serial, expires = max(store.blinder.marking, FIRST_SERIAL), ends_at(store)
    rows.set_terms([TermRow(mark, serial, expires) for mark in sorted(marks)])


def ends_at(store: Store) -> int:
    """When a mark that is made now ends: with the last day of a month; 0 for never."""
    months = store.policy.rules.suppression.months
    now = store.clock()
    return first_day(month_of(day_of(now)) + months + 1) * DAY if months else 0


def in_force(rows: KeyRows, marks: Collection[bytes], now: int) -> dict[bytes, bytes]:
    """The case of each of these marks that suppresses now."""
    found = rows.suppressed(marks)
    terms = rows.terms(found) if found else {}
    return {mark: case for mark, case in found.items() if not _is_over(terms.get(mark), now)}


def cases_of(rows: KeyRows, blinder: Blinder, blinds: Mapping[str, bytes], now: int) -> dict[str, bytes]:
    """The case of each identifier that is suppressed by an erasure, whichever living secret made its mark."""
    marks = {mark: one for one, blind in blinds.items() for mark in blinder.marks(blind)}
    return {marks[mark]: case for mark, case in in_force(rows, marks, now).items()}


def listed_among(rows: KeyRows, blinder: Blinder, identifiers: Sequence[str], country: str, now: int) -> set[str]:
    """Those of these identifiers that an imported list names."""
    if not identifiers or not rows.number(LISTED):
        return set()
    named = listed.named(identifiers, country)
    marks = {mark: one for digest, one in named.items() for mark in blinder.names(_of_list(digest))}
    return {marks[mark] for mark in in_force(rows, marks, now)}


def mirrored(rows: KeyRows, marks: Collection[bytes], case: bytes) -> list[tuple[str, ...]]:
    """The marks of a case among these as the mirror keeps them: mark, case, serial and end, the numbers in hex."""
    own = [mark for mark, owner in rows.suppressed(marks).items() if owner == case]
    terms = rows.terms(own)
    return [(mark.hex(), case.hex(), *_term_text(terms.get(mark))) for mark in sorted(own)]


def restored_terms(store: Store, marks: Collection[bytes]) -> list[TermRow]:
    """The terms of marks that a restored keyring lacks, as the mirror knows them."""
    terms = store.mirror.terms()
    known = ((mark, terms[mark.hex()]) for mark in sorted(marks) if mark.hex() in terms)
    return [TermRow(mark, serial, expires) for mark, (serial, expires) in known]


def require_loaded(store: Store) -> None:
    """Raises Unavailable when a mark that was given out is not in the keyring: an older copy of it would let people in.

    `governance.erasure.recover` puts it right.
    """
    for _ in range(2):  # a sweep may come between the two looks
        marks = {bytes.fromhex(mark) for mark, _ in store.mirror.marks()}
        with store.keyring.database.reading() as rows:
            if len(rows.suppressed(marks)) == len(marks):
                return
    raise Unavailable("suppression marks are missing from the keyring; nothing is taken in before they are back")


def import_list(store: Store, lines: Iterable[str], *, kind: str, hashed: bool) -> Imported:
    """Suppress whom a list names, from the next call on; people who are here already are named, not touched.

    Raises BadInput for a kind that no list is of.
    """
    require(store, "erase")
    digests, refused = _parsed(store, lines, kind, hashed)
    case = store.random(16)
    told = {"step": "suppression_imported", "kind": kind, "hashed": hashed, "entries": len(digests)}
    record(store, [Fact(case, EVIDENCE, CASE, told)], opened=[case])
    added = 0
    for start in range(0, len(digests), AT_ONCE):
        with store.lock() as locked:
            rows = locked.keys
            marks = [store.blinder.name(_of_list(digest)) for digest in digests[start : start + AT_ONCE]]
            known = rows.suppressed(marks)
            fresh = [mark for mark in marks if mark not in known]
            suppress(store, rows, fresh, case)
            rows.set_number(LISTED, 1)
            rows.set_number("changes", rows.number("changes") + 1)  # who was looked up before is looked up again
            lines_of = mirrored(rows, fresh, case)
        store.mirror.add_marks(lines_of)
        added += len(fresh)
    return Imported(case, len(digests) + refused, added, refused, known_on(store, kind, digests))


def take_off(store: Store, lines: Iterable[str], *, kind: str, hashed: bool) -> int:
    """End the suppression of whom a list of withdrawn entries names; returns how many marks there were."""
    require(store, "erase")
    digests, _ = _parsed(store, lines, kind, hashed)
    with store.lock() as locked:
        marks = [mark for digest in digests for mark in store.blinder.names(_of_list(digest))]
        found = list(locked.keys.suppressed(marks))
    return _drop(store, found)


def known_on(store: Store, kind: str, digests: Collection[bytes]) -> list[str]:
    """The identifiers of living people whose digest is among these, sorted: what `erase --from` takes."""
    catch_up_to_head(store)
    wanted, country = set(digests), store.policy.rules.suppression.country_code
    read, after, found = serving(store).scan(), b"", set()
    while rows := read(after):
        after = rows[-1][0]
        names = [name for _, row in rows if row for name in states.decode(row).identity.identifiers]
        own = [name for name in names if name.startswith(f"{kind}:")]
        found |= {name for digest, name in listed.named(own, country).items() if digest in wanted}
    return sorted(found)


def sweep(store: Store) -> int:
    """Forget the marks that have ended, and the secrets that no mark needs any more; returns how many marks went."""
    require(store, "retention")
    now = store.clock()
    with store.keyring.database.reading() as rows:
        ended = [mark for mark, term in _all(rows) if _is_over(term, now)]
    gone = _drop(store, ended, before=now)
    with store.lock() as locked:
        serials = {term.serial if term else FIRST_SERIAL for _, term in _all(locked.keys)}
        newest = max(store.blinder.marking, FIRST_SERIAL)
        locked.keys.drop_secrets(SUPPRESSION, before=min(serials | {newest}))
    return gone


def rotate(store: Store) -> int:
    """Make marks under a new secret from now on; those that there are work until they end. Returns its serial."""
    require(store, "keys")
    with store.lock() as locked:
        serial = store.keyring.new_secret(locked.keys, SUPPRESSION, store.random(32))
        locked.keys.set_number(MARKING, serial)
        locked.keys.set_number("changes", locked.keys.number("changes") + 1)
    with store.keyring.database.reading() as rows:
        follow(store.blinder, store.keyring, rows)
    return serial


def status(store: Store) -> dict[str, Any]:
    """Counts without identity: marks by serial, the next that end, and how many calls were not stored."""
    require(store, "records")
    now = store.clock()
    with store.keyring.database.reading() as rows:
        terms = [term for _, term in _all(rows)]
        suppressed, marking = rows.number("suppressed"), rows.number(MARKING)
    ends = [term.expires for term in terms if term and term.expires > now]
    by_serial = Counter(term.serial if term else FIRST_SERIAL for term in terms)
    return {
        "marks": len(terms),
        "ended": sum(_is_over(term, now) for term in terms),
        "serial": max(marking, FIRST_SERIAL),
        "by_serial": {str(serial): count for serial, count in sorted(by_serial.items())},
        "months": store.policy.rules.suppression.months,
        "next_end": rfc3339(min(ends)) if ends else None,
        "suppressed": suppressed,
    }


def _parsed(store: Store, lines: Iterable[str], kind: str, hashed: bool) -> tuple[list[bytes], int]:
    if kind not in listed.KINDS:
        raise BadInput("command", "--kind", "one of " + ", ".join(listed.KINDS))
    return listed.parsed(lines, kind=kind, hashed=hashed, country=store.policy.rules.suppression.country_code)


def _drop(store: Store, marks: Sequence[bytes], *, before: int = 0) -> int:
    """With `before` only those that ended by then: a mark may have been made anew meanwhile."""
    gone = 0
    for start in range(0, len(marks), AT_ONCE):
        some = set(marks[start : start + AT_ONCE])
        store.mirror.drop_marks({mark.hex() for mark in some}, before=before)  # First: what it keeps comes back.
        with store.lock() as locked:
            if before:
                terms = locked.keys.terms(some)
                some = {mark for mark in some if _is_over(terms.get(mark), before)}
            gone += len(locked.keys.suppressed(some))
            locked.keys.drop_marks(some)
            locked.keys.set_number("changes", locked.keys.number("changes") + 1)
    return gone


def _all(rows: KeyRows) -> list[tuple[bytes, TermRow | None]]:
    found: list[tuple[bytes, TermRow | None]] = []
    after = b""
    while some := rows.all_marks(after=after, limit=AT_ONCE):
        after = some[-1][0]
        terms = rows.terms([mark for mark, _ in some])
        found += [(mark, terms.get(mark)) for mark, _ in some]
    return found


def _is_over(term: TermRow | None, now: int) -> bool:
    return term is not None and 0 < term.expires <= now


def _term_text(term: TermRow | None) -> tuple[str, ...]:
    return () if term is None else (f"{term.serial:08x}", f"{term.expires:016x}")


def _of_list(digest: bytes) -> bytes:
    """Kept apart from the blinds of erased people."""
    return b"sha256/" + digest
