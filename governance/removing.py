"""How a removal is carried out: each step is safe to repeat, and the first that cannot be undone comes after its act.

Order (DESIGN, Forgotten): intent -> projections react -> mirror -> other processes -> keys destroyed
-> bodies purged -> pages overwritten -> residue scan -> executed act.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from domain.errors import MovedOn, WaitingForReader
from governance.attesting import keys_destroyed
from governance.blind import marks_of
from governance.encodings import stored
from governance.keyrows import ERASED, FENCED, SubjectRow
from governance.leases import await_leases
from governance.mirrored import keep
from governance.models import renew_models
from governance.presence import LEASE_SECONDS
from governance.projecting import catch_up_to_head, destroy_statistics_keys, new_statistics_key, serving
from governance.publishing import publish
from governance.removals import (
    EXECUTED,
    INTENDED,
    KINDS,
    REMOVING,
    RETENTION,
    SUBJECTS_AT_ONCE,
    own_contents,
    removals,
)
from governance.residue import Residue, scan
from governance.store import Store, insert_acts
from governance.suppression import mirrored
from governance.words import drop_of, write_gone

Say = Callable[[str], None]
SCAN_ENTRIES = 5000


@dataclass(slots=True)
class Outcome:
    """What a removal did so far."""

    case: str
    cause: str = "erasure"  # or retention
    status: str = "partial"  # completed, partial, held
    position: int | None = None
    keys_destroyed: int = 0
    bodies_purged: int = 0
    recipients: list[str] = field(default_factory=list)
    statistics_updated: list[str] = field(default_factory=list)
    models_retired: list[str] = field(default_factory=list)  # they had learned of what went; new ones are fitted
    holds: list[str] = field(default_factory=list)
    residue: Residue | None = None
    waiting_for: str = ""


def carry_out(
    store: Store, cases: Sequence[bytes], *, wait_seconds: float = 10, say: Say = lambda _: None
) -> list[Outcome]:
    """Do every step that is not done of removals whose intent is on the log; each finds by itself what is left of it.

    Several at once share what looks at the whole store: catching up, overwriting, the residue scan. Models that had
    learned of what goes are fitted anew: one person's word leaves nobody else without a score.
    """
    with store.storage.together(REMOVING):
        outcomes = _carried_out(store, cases, wait_seconds, say)
        causes = {one.cause for one in outcomes}
        retired = _renewed(store, "retention" if causes == {"retention"} else "erasure")
        for one in outcomes:
            one.models_retired = retired
        return outcomes


def _carried_out(store: Store, cases: Sequence[bytes], wait_seconds: float, say: Say) -> list[Outcome]:
    outcomes = [_begun(store, case) for case in cases]
    say("projections")
    catch_up_to_head(store)
    updated = sorted(name for name in serving(store).shared() if name.startswith("statistic/"))
    say("mirror")
    _mirror(store, cases)
    needles = _needles(store, cases)
    say("processes")
    if await_leases(store, wait_seconds=max(wait_seconds, LEASE_SECONDS)):  # by then every one has ended
        for outcome in outcomes:
            outcome.waiting_for = "another process may still hold keys opened; run this again"
        return outcomes
    say("keys")
    places = {case: _places(store, case) for case in cases}
    _destroy(store, cases)
    say("bodies")
    for case in cases:
        _purge(store, places[case])
    say("pages")
    try:
        store.storage.overwrite(wait_seconds=wait_seconds)
        say("residue")
        residue = _searched(store, needles, wait_seconds)
    except WaitingForReader as waiting:
        for outcome in outcomes:
            outcome.waiting_for = str(waiting)
        return outcomes
    for outcome in outcomes:
        outcome.residue, outcome.statistics_updated = residue, updated
        if residue is None or not residue.hits:
            outcome.status = "completed"
    if all(outcome.status == "completed" for outcome in outcomes):
        say("record")
        for outcome, case in zip(outcomes, cases, strict=True):
            outcome.position = _execute(store, case)
    return outcomes


def _begun(store: Store, case: bytes) -> Outcome:
    intended = removals(store, INTENDED, case)
    keys = sum(len(act.keys) for _, act in intended)
    cause = "retention" if intended[0][0].act == RETENTION.intended else "erasure"
    return Outcome(case.hex(), cause, keys_destroyed=keys, bodies_purged=intended[0][1].bodies)


def _renewed(store: Store, cause: str) -> list[str]:
    try:
        return renew_models(store, cause)
    except MovedOn:  # the removal is done all the same; the duty that resumes what was interrupted fits them
        return []


def _mirror(store: Store, cases: Sequence[bytes]) -> None:
    with store.keyring.database.reading() as rows:
        members = {case: [row.subject for row in rows.of_case(case, FENCED)] for case in cases}
        everybody = [one for some in members.values() for one in some]
        holds = {row.hold.hex() for row in rows.holds_of(everybody)}
    write_gone(store, members)
    for case in cases:
        mirror_acts(store, INTENDED, case)
        with store.keyring.database.reading() as rows:
            kept = mirrored(rows, marks_of(store.blinder, store.keyring, rows, members[case]), case)
        store.mirror.add_marks(kept)
    drop_of(store, everybody, holds)  # Last: what they said must not outlive them, nor be gone while they come back.


def mirror_acts(store: Store, names: Collection[str], case: bytes) -> None:
    """Keep the acts of a case outside the database."""
    keep(store.mirror, [entry for entry, _ in removals(store, names, case)])


def _key_ids(store: Store, case: bytes) -> set[bytes]:
    return {bytes.fromhex(key) for _, act in removals(store, INTENDED, case) for key in act.keys}


def _needles(store: Store, cases: Sequence[bytes]) -> list[list[bytes]]:
    """Keys as they lie in memory and in the keyring, and what leads to the fenced; empty once they are destroyed."""
    doomed = {key for case in cases for key in _key_ids(store, case)}
    with store.keyring.database.reading() as rows:
        keys = rows.keys(doomed, taken=True)
        members = [row.subject for case in cases for row in rows.of_case(case, FENCED)]
        blinds = [row.blind for row in rows.identifiers_of(members)]
        opened = store.keyring.open(keys, keep=False)
    return [stored(key.raw) for key in opened] + [[row.wrapped] for row in keys] + [[blind] for blind in blinds]


Places = list[tuple[list[int], list[int]]]
"""Streams, and the positions in them that go: some subjects at a time."""


def _places(store: Store, case: bytes) -> Places:
    """Where the entries of doomed keys are; once the keys are gone and name no subject, found by reading the log."""
    doomed = _key_ids(store, case)
    with store.keyring.database.reading() as rows:
        named = {row.subject for row in rows.keys(doomed, taken=True)}
        members = [*rows.subjects(named).values(), *rows.of_case(case, FENCED), *rows.of_case(case, ERASED)]
    if doomed and not members:
        return [([], positions) for positions in _everywhere(store, doomed)]
    return list(_in_streams(store, list(dict.fromkeys(members)), doomed))


def _in_streams(
    store: Store, members: Sequence[SubjectRow], doomed: set[bytes]
) -> Iterator[tuple[list[int], list[int]]]:
    for start in range(0, len(members), SUBJECTS_AT_ONCE):
        some = members[start : start + SUBJECTS_AT_ONCE]
        positions = [one.position for one in own_contents(store, some) if one.key_id in doomed]
        yield [row.handle for row in some], positions


def _everywhere(store: Store, doomed: set[bytes]) -> Iterator[list[int]]:
    after = -1
    while entries := store.log.entries(after=after, limit=SCAN_ENTRIES):
        after = entries[-1].position
        if found := [one.position for one in entries if one.key_id in doomed]:
            yield found


def _destroy(store: Store, cases: Sequence[bytes]) -> None:
    serial = new_statistics_key(store)
    doomed = {case: _key_ids(store, case) for case in cases}
    with store.lock() as locked:
        for case, keys in doomed.items():
            members = [row.subject for row in locked.keys.of_case(case, FENCED)]
            locked.keys.destroy_keys(keys)
            locked.keys.forget_names(members)
            locked.keys.set_state(members, ERASED, case)
        keys_destroyed(store, locked)
    store.keyring.forget()
    store.blinder.forget()
    destroy_statistics_keys(store, before=serial)


def _purge(store: Store, places: Places) -> None:
    for streams, positions in places:
        with store.lock() as locked:
            locked.log.purge(streams, positions)


def _searched(store: Store, needles: Sequence[Sequence[bytes]], wait_seconds: float) -> Residue | None:
    """What a scan finds. None without needles: there is nothing to look for after an interruption past the keys' end.

    SQLite leaves copies of cells in the gaps of its pages when it balances a tree, which `secure_delete` does not
    reach: measured, a wrapped key about once in 400 erasures. Then the whole file is written anew.
    """
    found = scan(needles, store.storage.paths()) if needles else None
    if found is not None and not found.hits:
        return found
    store.storage.rewrite(wait_seconds=wait_seconds)
    return scan(needles, store.storage.paths()) if needles else None


def _execute(store: Store, case: bytes) -> int:
    with store.lock() as locked:
        done = removals(store, EXECUTED, case)
        if done:
            return done[0][0].position
        intended = removals(store, INTENDED, case)
        names = {kind.intended: kind.executed for kind in KINDS}
        position = insert_acts(store, locked, [(names[entry.act or ""], act) for entry, act in intended])
    publish(store.log, store.mirror)
    mirror_acts(store, EXECUTED, case)
    return position
