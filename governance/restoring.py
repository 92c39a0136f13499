"""What must hold again before serving when a database may be an older copy of itself."""

from collections.abc import Collection

from governance.attesting import keys_destroyed
from governance.keyrows import ERASED
from governance.mirrored import standing
from governance.projecting import destroy_statistics_keys, new_statistics_key, replayed
from governance.publishing import Rollback
from governance.removals import EXECUTED, all_removals
from governance.replay import UNMERGES
from governance.store import POLICY, Locked, Store
from governance.suppression import restored_terms, suppress

FOLDED_POLICY = "folded_policy"
"""The keyring's number: the version of the policy that the projections were folded under."""


def require_mirrored(store: Store) -> None:
    """Raises Rollback when the log lacks an act that was mirrored outside the database."""
    known = standing(store.mirror.acts())
    found = {entry.position: entry for entry in store.log.contents([one.position for one in known])}
    for position, name, fields in known:
        entry = found.get(position)
        if entry is None or (entry.act, entry.fields) != (name, fields):
            raise Rollback("an act that was mirrored is not in the log", position)


def reapply_removals(store: Store) -> int:
    """Destroy again what a restored keyring brought back, and suppress again; returns how many keys there were."""
    acts = [(entry.act, act) for entry, act in all_removals(store, EXECUTED)]
    doomed = {bytes.fromhex(key) for _, act in acts for key in act.keys}
    fenced = {bytes.fromhex(mark): bytes.fromhex(case) for mark, case in store.mirror.marks()}
    erasures = store.mirror.cases()
    cases = {bytes.fromhex(key): bytes.fromhex(act.case) for _, act in acts for key in act.keys}
    with store.keyring.database.reading() as rows:
        back = rows.keys(doomed, taken=True)
        missing = fenced.keys() - rows.suppressed(fenced).keys()
    if not back and not missing:
        return 0
    with store.lock() as locked:
        for slot in ("a", "b") if back else ():
            store.slots.clear(slot)  # First: once the keys are gone, nothing tells that these remember the erased.
        locked.keys.destroy_keys([row.key_id for row in back])
        erased = {row.subject: cases[row.key_id] for row in back if cases[row.key_id].hex() in erasures}
        for case in set(erased.values()):  # of an erasure: the person went whole, not a class or epoch
            mark_again(store, locked, [one for one, of in erased.items() if of == case], case)
        for subject, case in erased.items():
            _shut(locked, subject, case)
        locked.keys.add_suppressions({mark: fenced[mark] for mark in missing})
        locked.keys.set_terms(restored_terms(store, missing))
        keys_destroyed(store, locked)
    store.keyring.forget()
    if back:
        destroy_statistics_keys(store, before=new_statistics_key(store))
        replayed(store, check=False)
    return len(back)


def mark_again(store: Store, locked: Locked, erased: Collection[bytes], case: bytes) -> None:
    """Before erased subjects that an older keyring brought back go again, under the append lock.

    Their names are marked by a secret that this keyring has: the marks that were mirrored may be of a later one.
    Who was parted from them since, and is not of the erased, is parted again: nobody goes with a stranger.
    """
    rows = locked.keys
    marks = {store.blinder.mark(row.blind) for row in rows.identifiers_of(erased)}
    suppress(store, rows, marks - {bytes.fromhex(mark) for mark, _ in store.mirror.marks()}, case)
    into = rows.merges_of({member for one in erased for member in rows.members(one)})
    for one in sorted(one for one, end in into.items() if end in erased and one not in erased):
        rows.drop_merge(one)
        rows.keep_apart(rows.members(one))
        rows.set_number(UNMERGES, rows.number(UNMERGES) + 1)


def _shut(locked: Locked, subject: bytes, case: bytes) -> None:
    """Nothing leads to an erased subject again, and what a hold or the law keeps of it opens to nobody."""
    locked.keys.take([row.key_id for row in locked.keys.keys_of([subject])], case)
    locked.keys.forget_names([subject])
    locked.keys.set_state([subject], ERASED, case)


def follow_policy(store: Store) -> None:
    """Bring the keyring's number and the projections to the policy that the log says is in force."""
    with store.keyring.database.reading() as rows:
        known, folded = rows.number(POLICY), rows.number(FOLDED_POLICY)
    if known != store.policy_version:
        _set(store, POLICY)
    if folded != store.policy_version:
        replayed(store, check=False)
        _set(store, FOLDED_POLICY)


def _set(store: Store, name: str) -> None:
    with store.lock() as locked:
        locked.keys.set_number(name, store.policy_version)
