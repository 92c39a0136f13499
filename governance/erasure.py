"""The door into oblivion: every step recorded before the next irreversible one, each safe to repeat.

A case is opened, the person fenced and the intent put on the log; `governance.removing` carries it out.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.acts import NoticePublished, PolicyPublished, parse
from domain.errors import DisclosedMeanwhile, MergedMeanwhile, NotFound
from domain.events import CASE
from governance.again import say_again
from governance.backup import finish_restores
from governance.blind import follow
from governance.casebook import receipt_of
from governance.disclosures import missing_in, names_outside, recipients_of, told_in
from governance.facts import Fact, record
from governance.holds import expired, kept_back, release
from governance.keyring import EVIDENCE
from governance.keyrows import FENCED, LIVE, KeyRow, KeyRows
from governance.mirrored import HOLDS, RULES, keep
from governance.outcomes import concluded
from governance.publishing import publish
from governance.removals import EXECUTED, INTENDED, intend, own_contents, removals, unfinished
from governance.removing import Outcome, Say, carry_out
from governance.restoring import follow_policy, reapply_removals, require_mirrored
from governance.roles import require
from governance.store import Locked, Store, recover_orphans, require_policy
from governance.subjects import Component, component, find, name_of
from governance.suppression import cases_of, suppress


def erase(store: Store, identifier: str, *, wait_seconds: float = 10, say: Say = lambda _: None) -> Outcome:
    """Erase the person that an identifier names, or go on where an earlier try was interrupted.

    Raises NotFound for one who is unknown, or erased already.
    """
    require(store, "erase")
    drop_orphans(store)
    try:
        root = find(store, identifier)
    except NotFound:
        case = unfinished_case(store, identifier)
        if case is None:
            raise
        return resume(store, case, wait_seconds=wait_seconds, say=say)
    return erase_root(store, root, wait_seconds=wait_seconds, say=say)


def erase_root(
    store: Store, root: bytes, *, case: bytes | None = None, wait_seconds: float = 10, say: Say = lambda _: None
) -> Outcome:
    """Erase a living root subject under a case that is open already, or a new one. Raises NotFound, MergedMeanwhile."""
    return resume(store, begin(store, root, case), wait_seconds=wait_seconds, say=say)


def begin(store: Store, root: bytes, case: bytes | None = None) -> bytes:
    """Fence a living root subject; returns the case that holds it. Raises NotFound, MergedMeanwhile."""
    while True:
        case = open_case(store, component(store, root), case)
        try:
            return fence(store, root, case)
        except DisclosedMeanwhile:
            continue  # the case says so as well, then


def preview(store: Store, identifier: str) -> dict[str, Any]:
    """What an erasure would take and keep. Raises NotFound; changes nothing."""
    require(store, "erase")
    who = component(store, find(store, identifier))
    with store.keyring.database.reading() as rows:
        keys = rows.keys_of(who.ids, taken=True)  # with what is shut already
        back = kept_back(store, rows, _wanted(keys), store.clock())
    doomed = [row for row in _wanted(keys) if row.key_id not in back]
    ids = {row.key_id for row in doomed}
    evidence = Counter(row.klass for row in keys if row.klass == EVIDENCE)
    return {
        "subject": name_of(who.root),
        "members": len(who.members),
        "identifiers": len(who.identifiers),
        "keys": dict(sorted(Counter(row.klass for row in doomed).items())),
        "entries": sum(one.key_id in ids for one in own_contents(store, who.members)),
        "kept": dict(evidence + Counter(row.klass for row in keys if row.key_id in back)),
        "holds": sorted({one.hold for one in back.values() if one.hold}),
        "recipients": recipients_of(store, who),
        "uncovered": store.storage.uncovered,
    }


def open_case(store: Store, who: Component, case: bytes | None = None) -> bytes:
    """A case of its own key holds what must outlive the person: who was told what, and when it was asked."""
    chosen = case or store.random(16)
    told = {"step": "opened", "recipients": told_in(store, who), "identifiers": len(who.identifiers)}
    record(store, [Fact(chosen, EVIDENCE, CASE, told)], opened=[] if case else [chosen])
    return chosen


def fence(store: Store, root: bytes, case: bytes) -> bytes:
    """Nothing is written for the component any more, and the intent is on the log.

    Everything is decided under the append lock: what came in before is covered, what comes later is refused.
    Returns the case that holds the component: another one when an erasure had begun already.
    Raises NotFound for a root that is not there, MergedMeanwhile for one that is a root no more, DisclosedMeanwhile
    where the case does not name a recipient.
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
        if missing_in(store, case, component(store, root)):
            raise DisclosedMeanwhile
        if names_outside(store, case):
            rows.add_request(case, head.size)  # open until all of them were told
        marks = [store.blinder.mark(row.blind) for row in rows.identifiers_of(members)]
        rows.set_state(members, FENCED, case)
        suppress(store, rows, marks, case)
        _intend(store, locked, case)
    publish(store.log, store.mirror)
    return case


def resume(store: Store, case: bytes, *, wait_seconds: float = 10, say: Say = lambda _: None) -> Outcome:
    """Do every step of a fenced case that is not done."""
    with store.lock() as locked:
        if not removals(store, INTENDED, case):
            _intend(store, locked, case)
    return concluded(store, case, carry_out(store, [case], wait_seconds=wait_seconds, say=say)[0])


def complete_held(store: Store, *, wait_seconds: float = 10) -> list[Outcome]:
    """Release holds whose time is over, and erase what was kept and is no longer: of the erased and the living.

    A case whose intent was lost in a crash gets a new one, even where everything is kept: projections hear of it so.
    """
    for hold in expired(store, store.clock()):
        release(store, hold, cause="expired")
    busy = set(unfinished_cases(store))
    with store.keyring.database.reading() as rows:
        cases = [case for case in unfinished(store) if not rows.of_case(case, FENCED)]  # an earlier try of this
        waiting = [case for case in rows.cases_keeping(EVIDENCE) if case not in busy]
    for case in waiting:
        with store.lock() as locked:
            require_policy(store, locked.keys)
            keys = _held(locked.keys, case)
            back = kept_back(store, locked.keys, keys, store.clock(), asked=False)  # those who asked have no say left
            doomed = [row for row in keys if row.key_id not in back]
            if doomed or (keys and not removals(store, INTENDED, case)):
                cases.append(store.random(16))
                kept = [row for row in keys if row.key_id in back]
                intend(store, locked, cases[-1], doomed, kept=kept, receipt=receipt_of(store, case))
    publish(store.log, store.mirror)
    return carry_out(store, cases, wait_seconds=wait_seconds) if cases else []


class Recovery(NamedTuple):
    """What a restore has done again; nothing at any other start."""

    status: str
    words: int
    words_lost: dict[str, int]


def recover(store: Store) -> Recovery:
    """Before serving: what the last process left half done between two stores is completed or dropped.

    Keys whose append did not reach the log go; a fence gets its intent; the mirror gets the acts it missed;
    what an older copy of a database brought back goes again; projections follow the policy.
    """
    require_mirrored(store)
    drop_orphans(store)
    status = finish_restores(store)
    reapply_removals(store)
    for case in unfinished_cases(store):
        if not removals(store, INTENDED, case):
            with store.lock() as locked:
                if not removals(store, INTENDED, case):
                    _intend(store, locked, case)
    _mirror_missed(store)
    follow_policy(store)
    return Recovery(status, *say_again(store))


def _mirror_missed(store: Store) -> None:
    for entry in store.log.acts(RULES):
        act = parse(entry.act or "", entry.fields or "")
        if isinstance(act, PolicyPublished | NoticePublished) and (text := store.log.document(act.hash)) is not None:
            store.mirror.keep_text(act.hash, text)
    keep(store.mirror, store.log.acts([*EXECUTED, *RULES, *HOLDS]))


def unfinished_case(store: Store, identifier: str) -> bytes | None:
    """The case that fenced an identifier, unless it was carried out."""
    with store.keyring.database.reading() as rows:
        follow(store.blinder, store.keyring, rows)
        case = cases_of(rows, store.blinder, {identifier: store.blinder.blind(identifier)}, 0).get(identifier)
    return None if case is None or removals(store, EXECUTED, case) else case


def unfinished_cases(store: Store) -> list[bytes]:
    """Every case that fenced somebody, or whose intent is on the log, and that is not carried out."""
    with store.keyring.database.reading() as rows:
        cases = {row.case_id for row in rows.subjects_in([FENCED]) if row.case_id is not None}
    return sorted(cases | set(unfinished(store)))


def drop_orphans(store: Store) -> None:
    """Forget keys whose append never reached the log."""
    with store.keyring.database.reading() as rows:
        born = rows.number("born")
    if born >= store.log.head().size:  # or an append is under way: the lock tells
        with store.lock() as locked:
            recover_orphans(locked.keys, locked.log.head().size)


def _intend(store: Store, locked: Locked, case: bytes) -> None:
    members = [one.subject for one in locked.keys.of_case(case, FENCED)]
    keys = locked.keys.keys_of(members, taken=True)
    back = kept_back(store, locked.keys, _wanted(keys), store.clock())
    doomed = [row for row in _wanted(keys) if row.key_id not in back]
    if members:
        evidence = [row for row in keys if row.klass == EVIDENCE]
        kept = [row for row in _wanted(keys) if row.key_id in back]
        intend(store, locked, case, doomed, kept=kept, shut=evidence, receipt=receipt_of(store, case))


def _wanted(keys: Sequence[KeyRow]) -> list[KeyRow]:
    """All but the evidence, which has a period of its own and is declared on the certificate."""
    return [row for row in keys if row.klass != EVIDENCE]


def _held(rows: KeyRows, case: bytes) -> list[KeyRow]:
    """What an erasure that was carried out has left of its subjects' keys, but for the evidence."""
    return _wanted(rows.keys(rows.taken_by(case), taken=True))
