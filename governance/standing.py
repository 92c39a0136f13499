"""Where standings come from: the evidence on the log, of many subjects at once, now or as it was."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from domain.clock import DAY, day_of
from domain.events import Event, Micros, Order
from governance.consent import UNKNOWN, Standing, current, standing
from governance.keyring import EVIDENCE
from governance.keyrows import KeyRows
from governance.notices import asked
from governance.sealing import open_body
from governance.store import Store

CACHED = 20_000


class Fact(NamedTuple):
    """An event of class evidence, and where it is."""

    order: Order
    position: int
    event: Event


def evidence(store: Store, roots: Collection[bytes], rows: KeyRows) -> dict[bytes, list[Fact]]:
    """By root: the evidence of its component that is still there, in the order of `domain.events.Order`."""
    merged = rows.absorbing(roots)
    whose = {member: root for root in roots for member in (rows.members(root) if root in merged else [root])}
    keys = rows.keys_of(whose, EVIDENCE)
    told: dict[bytes, list[Fact]] = {root: [] for root in roots}
    if not keys:  # of nearly everybody
        return told
    store.keyring.notice_changes(rows)
    opened = {key.key_id: key for key in store.keyring.open(keys)}
    streams = [row.handle for row in rows.subjects({key.subject for key in keys}).values()]
    places = [one.position for one in store.log.contents(store.log.positions(streams)) if one.key_id in opened]
    for one in store.log.at(places):
        if one.sealed is None or one.key_id is None:
            continue
        key = opened[one.key_id]
        body = open_body(key, one.entry_id, one.sealed)
        told[whose[key.subject]] += [
            Fact((event.at, body.first, event.arrival), one.position, event) for event in body.events
        ]
    for facts in told.values():
        facts.sort(key=lambda fact: fact.order)  # stable: what is equal keeps its place in the body
    return told


def standings(store: Store, roots: Collection[bytes]) -> dict[bytes, Standing]:
    """What holds for each of these subjects now."""
    with store.keyring.database.reading() as rows:
        told = evidence(store, roots, rows)
    said = {root: standing(fact.event for fact in facts) for root, facts in told.items()}
    notices = asked(store, {purpose for one in said.values() for purpose in one.given})
    return {root: current(one, at=store.clock(), notices=notices) for root, one in said.items()}


def standing_of(store: Store, root: bytes) -> Standing:
    """What holds for one subject now."""
    return standings(store, [root])[root]


def standing_then(
    store: Store, facts: Sequence[Fact], *, position: int | None = None, time: Micros | None = None
) -> Standing:
    """What held for a subject at a position of the log (until the end of its day), or at a time of receipt."""
    if position is not None:
        entries = store.log.contents([position])
        at = min(store.clock(), (entries[0].day + 1) * DAY - 1) if entries else store.clock()
        said = standing(fact.event for fact in facts if fact.position <= position)
        return current(said, at=at, notices=asked(store, said.given, position=position))
    at = store.clock() if time is None else time
    said = standing(fact.event for fact in facts if fact.event.recorded <= at)
    return current(said, at=at, notices=asked(store, said.given, day=day_of(at)))


class Standings:
    """Standings under the append lock; kept from batch to batch as long as nobody else appends."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._facts: dict[bytes, list[Fact]] = {}
        self._now: dict[bytes, Standing] = {}
        self._notices: dict[str, int] = {}
        self._at: Micros = 0
        self._size = -1

    def begin(self, rows: KeyRows, size: int, roots: Collection[bytes]) -> None:
        """Look up those of a batch; `size` is the log's, read under the lock. New subjects have said nothing."""
        if size != self._size or len(self._facts) > CACHED:
            self.forget()
        self._at, self._notices = self._store.clock(), asked(self._store, self._store.policy.purposes)
        missing = [root for root in roots if root not in self._facts]
        if missing:
            self._facts.update(evidence(self._store, missing, rows))
        self._size = size
        self._now.clear()
        for root in roots:
            self._refold(root)

    def of(self, root: bytes) -> Standing:
        return self._now.get(root, UNKNOWN)

    def notice(self, purpose: str) -> int:
        """The version of the purpose's notice that is in force; 0 when there is none."""
        return self._notices.get(purpose, 0)

    def tell(self, root: bytes, event: Event, *, first: int) -> None:
        """One more fact of this batch, of an append that begins at `first`."""
        facts = self._facts.setdefault(root, [])
        facts.append(Fact((event.at, first, event.arrival), first, event))
        facts.sort(key=lambda fact: fact.order)
        self._refold(root)

    def merge(self, absorbed: bytes, into: bytes) -> None:
        """What the one said, the other has said from now on."""
        facts = self._facts.pop(absorbed, [])
        if facts:
            self._facts[into] = sorted([*self._facts.get(into, []), *facts], key=lambda fact: fact.order)
            self._refold(into)

    def appended(self, size: int) -> None:
        """The batch is committed, and the log has this size."""
        self._size = size

    def forget(self) -> None:
        """Nothing of an earlier look survives."""
        self._facts.clear()
        self._now.clear()
        self._size = -1

    def _refold(self, root: bytes) -> None:
        said = standing(fact.event for fact in self._facts[root])
        self._now[root] = current(said, at=self._at, notices=self._notices)
