"""The door into oblivion: every step recorded before the next irreversible one, each safe to repeat.

Order (DESIGN, Forgotten): case -> fence and intent -> projections react -> mirror -> keys destroyed
-> bodies purged -> pages overwritten -> residue scan -> executed act -> certificate.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.errors import MergedMeanwhile, NotFound, WaitingForReader
from domain.events import CASE
from domain.log import Entry
from governance.disclosures import recipients_in, recipients_of
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.keyrows import ERASED, FENCED, LIVE
from governance.projecting import ERASURES, catch_up_to_head, destroy_statistics_keys, new_statistics_key, serving
from governance.publishing import publish
from governance.removals import EXECUTED, INTENDED, all_removals, append_intent, own_contents, removals
from governance.residue import Residue, encodings, scan
from governance.restoring import follow_policy, reapply_erasures, require_mirrored
from governance.store import Store, insert_acts, recover_orphans
from governance.subjects import Component, component, find, name_of

Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What an erasure did so far."""

    case: str
    status: str = "partial"  # completed, partial
    position: int | None = None
    keys_destroyed: int = 0
    bodies_purged: int = 0
    recipients: list[str] = field(default_factory=list)
    statistics_updated: list[str] = field(default_factory=list)
    residue: Residue | None = None
    waiting_for: str = ""


def erase(store: Store, identifier: str, *, wait_seconds: float = 10, say: Say = lambda _: None) -> Outcome:
    """Erase the person that an identifier names, or go on where an earlier try was interrupted.

    Raises NotFound for one who is unknown, or erased already.
    """
    _drop_orphans(store)
    try:
        root = find(store, identifier)
    except NotFound:
        case = unfinished_case(store, identifier)
        if case is None:
            raise
        return resume(store, case, wait_seconds=wait_seconds, say=say)
    case = fence(store, root, open_case(store, component(store, root)))
    return resume(store, case, wait_seconds=wait_seconds, say=say)


def preview(store: Store, identifier: str) -> dict[str, Any]:
    """What an erasure would take and keep. Raises NotFound; changes nothing."""
    who = component(store, find(store, identifier))
    kept = [row for row in who.keys if row.klass == EVIDENCE]
    doomed = {row.key_id for row in who.keys} - {row.key_id for row in kept}
    entries = [one for one in own_contents(store, who.members) if one.key_id in doomed]
    return {
        "subject": name_of(who.root),
        "members": len(who.members),
        "identifiers": len(who.identifiers),
        "keys": dict(sorted(Counter(row.klass for row in who.keys if row.key_id in doomed).items())),
        "entries": len(entries),
        "kept": dict(Counter(row.klass for row in kept)),
        "recipients": recipients_of(store, who),
        "uncovered": store.storage.uncovered,
    }


def open_case(store: Store, who: Component) -> bytes:
    """A case of its own key holds what must outlive the person: who was told what, and when it was asked."""
    case = store.random(16)
    told = {"step": "opened", "recipients": recipients_of(store, who), "identifiers": len(who.identifiers)}
    record(store, [Fact(case, EVIDENCE, CASE, told)], opened=[case])
    return case


def fence(store: Store, root: bytes, case: bytes) -> bytes:
    """Nothing is written for the component any more, and the intent is on the log.

    Everything is decided under the append lock: what came in before is covered, what comes later is refused.
    Returns the case that holds the component: another one when an erasure had begun already.
    Raises NotFound for a root that is not there, MergedMeanwhile for one that is a root no more.
    """
    with store.lock() as locked:
        rows, head = locked.keys, locked.log.head()
        recover_orphans(rows, head.size)
        if rows.roots([root]):
            raise MergedMeanwhile  # an alias came between: the preview showed less than would go
        members = rows.members(root)
        found = rows.subjects(members)
        if root not in found:
            raise NotFound
        begun = next((row for row in found.values() if row.state != LIVE), None)
        if begun is not None and begun.case_id is not None:
            return begun.case_id  # somebody else was faster
        marks = [store.blinder.mark(row.blind) for row in rows.identifiers_of(members)]
        rows.set_state(members, FENCED, case)
        rows.add_suppressions(dict.fromkeys(marks, case))
        rows.set_number("changes", rows.number("changes") + 1)
        append_intent(store, locked, case)
    publish(store.log, store.mirror)
    return case


def resume(store: Store, case: bytes, *, wait_seconds: float = 10, say: Say = lambda _: None) -> Outcome:
    """Do every step of a fenced case that is not done; each finds by itself what is left of it."""
    outcome = Outcome(case.hex(), recipients=recipients_in(store, case))
    with store.lock() as locked:
        if not removals(store, INTENDED, case):
            append_intent(store, locked, case)
    say("projections")
    catch_up_to_head(store)
    outcome.statistics_updated = sorted(name for name in serving(store).shared() if name.startswith("statistic/"))
    say("mirror")
    _mirror(store, case)
    needles = _needles(store, case)
    say("keys")
    intended = removals(store, INTENDED, case)
    outcome.keys_destroyed = sum(len(act.keys) for _, act in intended)
    _destroy(store, case)
    say("bodies")
    outcome.bodies_purged = intended[0][1].bodies
    _purge(store, case)
    say("pages")
    try:
        store.storage.overwrite(wait_seconds=wait_seconds)
    except WaitingForReader as waiting:
        outcome.waiting_for = str(waiting)
        return outcome
    say("residue")
    if needles:  # none after an interruption past the keys' destruction: there is nothing left to look for
        outcome.residue = scan(needles, store.storage.paths())
    if outcome.residue is None or not outcome.residue.hits:
        say("record")
        outcome.position = _execute(store, case)
        outcome.status = "completed"
    return outcome


def recover(store: Store) -> None:
    """Before serving: what the last process left half done between two stores is completed or dropped.

    Keys whose append did not reach the log go; a fence gets its intent; the mirror gets the acts it missed;
    what an older copy of a database brought back goes again; projections follow the policy.
    """
    require_mirrored(store)
    _drop_orphans(store)
    reapply_erasures(store)
    for case in unfinished_cases(store):
        if not removals(store, INTENDED, case):
            with store.lock() as locked:
                if not removals(store, INTENDED, case):
                    append_intent(store, locked, case)
    store.mirror.add_acts([_line(entry) for entry, _ in all_removals(store, EXECUTED)])
    follow_policy(store)


def unfinished_case(store: Store, identifier: str) -> bytes | None:
    """The case that fenced an identifier, unless it was carried out."""
    mark = store.blinder.mark(store.blinder.blind(identifier))
    with store.keyring.database.reading() as rows:
        case = rows.suppressed([mark]).get(mark)
    return None if case is None or removals(store, EXECUTED, case) else case


def unfinished_cases(store: Store) -> list[bytes]:
    """Every case that fenced somebody and is not carried out: to be resumed before serving."""
    with store.keyring.database.reading() as rows:
        cases = {row.case_id for row in rows.subjects_in([FENCED, ERASED]) if row.case_id is not None}
    done = {act.case for _, act in all_removals(store, EXECUTED)}
    return sorted(case for case in cases if case.hex() not in done)


def _drop_orphans(store: Store) -> None:
    with store.keyring.database.reading() as rows:
        born = rows.number("born")
    if born >= store.log.head().size:  # or an append is under way: the lock tells
        with store.lock() as locked:
            recover_orphans(locked.keys, locked.log.head().size)


def _mirror(store: Store, case: bytes) -> None:
    _mirror_acts(store, INTENDED, case)
    with store.keyring.database.reading() as rows:
        members = [row.subject for row in rows.of_case(case, FENCED)]
        marks = [store.blinder.mark(row.blind).hex() for row in rows.identifiers_of(members)]
    store.mirror.add_marks([(mark, case.hex()) for mark in sorted(marks)])


def _mirror_acts(store: Store, name: str, case: bytes) -> None:
    store.mirror.add_acts([_line(entry) for entry, _ in removals(store, name, case)])


def _line(entry: Entry) -> str:
    return f"{entry.position} {entry.act} {entry.fields}"


def _needles(store: Store, case: bytes) -> list[list[bytes]]:
    """The subject's keys as they lie in memory and in the keyring; empty once they are destroyed."""
    with store.keyring.database.reading() as rows:
        members = [row.subject for row in rows.of_case(case, FENCED)]
        keys = [row for row in rows.keys_of(members) if row.klass != EVIDENCE]
        opened = store.keyring.open(keys)
    return [encodings(key.raw) for key in opened] + [[row.wrapped] for row in keys]


def _destroy(store: Store, case: bytes) -> None:
    serial = new_statistics_key(store)
    with store.lock() as locked:
        members = [row.subject for row in locked.keys.of_case(case, FENCED)]
        locked.keys.destroy(members, keep=EVIDENCE)
        locked.keys.set_state(members, ERASED, case)
        for counted in ("changes", ERASURES):
            locked.keys.set_number(counted, locked.keys.number(counted) + 1)
    store.keyring.forget()
    store.blinder.forget()
    destroy_statistics_keys(store, before=serial)


def _purge(store: Store, case: bytes) -> None:
    removed = {bytes.fromhex(key) for _, act in removals(store, INTENDED, case) for key in act.keys}
    with store.keyring.database.reading() as rows:
        members = rows.of_case(case, ERASED)
    positions = [one.position for one in own_contents(store, members) if one.key_id in removed]
    with store.lock() as locked:
        locked.log.purge([row.handle for row in members], positions)


def _execute(store: Store, case: bytes) -> int:
    with store.lock() as locked:
        done = removals(store, EXECUTED, case)
        if done:
            return done[0][0].position
        position = insert_acts(store, locked, [(EXECUTED, act) for _, act in removals(store, INTENDED, case)])
    publish(store.log, store.mirror)
    _mirror_acts(store, EXECUTED, case)
    return position
