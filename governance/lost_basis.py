"""What no purpose justifies any more goes; what something keeps of it is shut. GDPR Art. 17(1)(b) and (c)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from governance.consent import UNKNOWN
from governance.holds import kept_back
from governance.keyring import EVIDENCE
from governance.keyrows import ERASED, FENCED, LIVE, KeyRow
from governance.publishing import publish
from governance.purposes import unjustified
from governance.removals import begun_on, intend, unfinished
from governance.removing import Outcome, carry_out
from governance.standing import standing_of
from governance.store import Store
from governance.subjects import component

KEYS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What became of a person's classes that lost their basis."""

    classes: list[str] = field(default_factory=list)  # whose keys go
    held: list[str] = field(default_factory=list)  # of which something stays, shut
    holds: list[str] = field(default_factory=list)
    outcomes: Sequence[Outcome] = ()

    @property
    def status(self) -> str:
        """As of an erasure: completed, partial, held."""
        if any(one.status != "completed" for one in self.outcomes):
            return "partial"
        return "held" if self.held else "completed"


def remove_unjustified(store: Store, root: bytes, *, wait_seconds: float = 10) -> Removed:
    """Destroy the keys of a living subject's classes that no purpose justifies any more.

    What a hold or a legal duty keeps of them is shut, as an erasure leaves it: nobody opens it but for whom it is
    kept, and a consent given anew does not open it again. Goes on where an earlier try was interrupted.
    """
    who = component(store, root)
    classes = set(unjustified(store.policy, standing_of(store, root)))
    if not classes:
        return Removed()
    with store.keyring.database.reading() as rows:
        is_there = any(row.klass in classes for row in rows.keys_of(who.ids, taken=True))
    removed, cases = _decided(store, who.ids, classes) if is_there else (Removed(), set[bytes]())
    cases = {case for case in unfinished(store) if case in cases or _is_nameless(store, case)}
    if not cases:
        return removed
    publish(store.log, store.mirror)
    outcomes = carry_out(store, sorted(cases), wait_seconds=wait_seconds)
    return Removed(classes=removed.classes, held=removed.held, holds=removed.holds, outcomes=outcomes)


def who_lost(store: Store) -> Iterator[tuple[bytes, list[str]]]:
    """Living root subjects with open keys of classes that nothing justifies: consents withdrawn, a stricter policy."""
    never = set(unjustified(store.policy, UNKNOWN))
    after: bytes | None = None
    seen: set[bytes] = set()
    while True:
        with store.keyring.database.reading() as rows:
            keys = rows.keys_after(after, limit=KEYS_AT_ONCE)
            if not keys:
                return
            after = keys[-1].key_id
            wanted = {row.subject for row in keys if row.klass == EVIDENCE or row.klass in never}
            roots = rows.roots(wanted)
            found = rows.subjects({roots.get(one, one) for one in wanted})
        for root in sorted({one for one, row in found.items() if row.state == LIVE} - seen):
            seen.add(root)
            lost = set(unjustified(store.policy, standing_of(store, root)))
            if classes := sorted({row.klass for row in component(store, root).keys if row.klass in lost}):
                yield root, classes


def _decided(store: Store, members: Sequence[bytes], classes: Collection[str]) -> tuple[Removed, set[bytes]]:
    """What goes and what stays, with the intent on the log; and the cases that are to be carried out."""
    case = store.random(16)
    with store.lock() as locked:
        keys = [row for row in locked.keys.keys_of(members, taken=True) if row.klass in classes]
        begun, busy = begun_on(store, locked, keys), set(unfinished(store))
        back = kept_back(store, locked.keys, keys, store.clock(), asked=False)
        free = [row for row in keys if begun.get(row.key_id) not in busy]
        doomed = [row for row in free if row.key_id not in back]
        kept = [row for row in free if row.key_id in back and row.key_id not in begun]  # else it is shut already
        if doomed or kept:
            intend(store, locked, case, doomed, kept=kept)
    going = [row for row in keys if row not in free]
    held = [row for row in free if row.key_id in back]
    holds = {back[row.key_id].hold for row in held} - {""}
    removed = Removed(classes=_classes([*doomed, *going]), held=_classes(held), holds=sorted(holds))
    return removed, {case, *begun.values()}


def _is_nameless(store: Store, case: bytes) -> bool:
    """Whether a removal has destroyed its keys and is not on record: no row tells any more whose it was."""
    with store.keyring.database.reading() as rows:
        members = [*rows.of_case(case, FENCED), *rows.of_case(case, ERASED)]
        return not (members or rows.taken_by(case))


def _classes(keys: Sequence[KeyRow]) -> list[str]:
    return sorted({row.klass for row in keys})
