"""What must hold again before serving when a database may be an older copy of itself."""

from governance.keyring import EVIDENCE
from governance.keyrows import ERASED
from governance.projecting import ERASURES, destroy_statistics_keys, new_statistics_key, rebuild
from governance.publishing import Rollback
from governance.removals import EXECUTED, all_removals
from governance.store import POLICY, Store

FOLDED_POLICY = "folded_policy"
"""The keyring's number: the version of the policy that the projections were folded under."""


def require_mirrored(store: Store) -> None:
    """Raises Rollback when the log lacks an act that was mirrored outside the database."""
    lines = [line.split(" ", 2) for line in store.mirror.acts()]
    found = {entry.position: entry for entry in store.log.contents([int(line[0]) for line in lines])}
    for position, name, fields in lines:
        entry = found.get(int(position))
        if entry is None or (entry.act, entry.fields) != (name, fields):
            raise Rollback("an act that was mirrored is not in the log", int(position))


def reapply_erasures(store: Store) -> int:
    """Destroy again what a restored keyring brought back, and suppress again; returns how many keys there were."""
    doomed = {
        bytes.fromhex(key): bytes.fromhex(act.case) for _, act in all_removals(store, EXECUTED) for key in act.keys
    }
    marks = {bytes.fromhex(mark): bytes.fromhex(case) for mark, case in store.mirror.marks()}
    with store.keyring.database.reading() as rows:
        back = rows.keys(doomed)
        missing = marks.keys() - rows.suppressed(marks).keys()
    if not back and not missing:
        return 0
    with store.lock() as locked:
        for slot in ("a", "b") if back else ():
            store.slots.clear(slot)  # First: once the keys are gone, nothing tells that these remember the erased.
        for row in back:
            locked.keys.destroy([row.subject], keep=EVIDENCE)
            locked.keys.set_state([row.subject], ERASED, doomed[row.key_id])
        locked.keys.add_suppressions({mark: marks[mark] for mark in missing})
        for counted in ("changes", ERASURES):
            locked.keys.set_number(counted, locked.keys.number(counted) + 1)
    store.keyring.forget()
    if back:
        destroy_statistics_keys(store, before=new_statistics_key(store))
        rebuild(store, check=False)
    return len(back)


def follow_policy(store: Store) -> None:
    """Bring the keyring's number and the projections to the policy that the log says is in force."""
    with store.keyring.database.reading() as rows:
        known, folded = rows.number(POLICY), rows.number(FOLDED_POLICY)
    if known != store.policy_version:
        _set(store, POLICY)
    if folded != store.policy_version:
        rebuild(store, check=False)
        _set(store, FOLDED_POLICY)


def _set(store: Store, name: str) -> None:
    with store.lock() as locked:
        locked.keys.set_number(name, store.policy_version)
