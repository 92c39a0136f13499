"""The door in: calls become sealed entries in one append, or are refused by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.calls import Call, Rejection
from domain.collector import paused
from domain.events import LINKED, MERGED, Event
from governance.appending import Draft, compose, keep_keys
from governance.batch import Batch, Told
from governance.cleaning import ALIAS, Clean, Cleaner, without
from governance.identity import Attribution, Link, Merge
from governance.keyring import IDENTITY
from governance.keyrows import MergeRow
from governance.people import People, identifier_rows
from governance.receipt import Progress, Receipt
from governance.store import Locked, Store, recover_orphans, require_policy


@dataclass(slots=True)
class Recorder:
    """Records batches of one source; what it learns of identifiers and keys serves the next batch."""

    store: Store
    cleaner: Cleaner
    people: People
    source: str
    actor: bytes

    def record(
        self, calls: Sequence[Call], rejections: Sequence[Rejection] = (), progress: Progress | None = None
    ) -> Receipt:
        """Take in one batch in one transaction. After an error nothing of the batch is stored."""
        with paused():
            return self._record(calls, rejections, progress)

    def _record(self, calls: Sequence[Call], rejections: Sequence[Rejection], progress: Progress | None) -> Receipt:
        now = self.store.clock()
        good, bad = self.cleaner.clean(calls, now)
        try:
            with self.store.lock() as locked:
                taken = self._take(locked, good, now)
                refused = [*rejections, *bad, *taken.refused]
                locked.log.note_rejections([(self.source, one.record, one.field, one.reason) for one in refused])
                if progress is not None:
                    locked.log.note_progress(progress.source, progress.records)
        except BaseException:
            self.people.forget()  # it may have learned of people who were rolled back
            raise
        taken.batch.remember(self.store.keyring, taken.size)
        receipt = taken.receipt
        receipt.read, receipt.rejected = len(calls) + len(rejections), len(refused)
        return receipt

    def _take(self, locked: Locked, good: Sequence[Clean], now: int) -> "_Taken":
        store, rows, head = self.store, locked.keys, locked.log.head()
        recover_orphans(rows, head.size)
        require_policy(store, rows)
        self.people.begin(rows, {name for one in good for name in _names(one.call)})
        names = Attribution(self.people, store.policy.identifiers, lambda: store.random(16))
        told, refused, suppressed = _attribute(good, names)
        batch = Batch(store, self.people, locked, head.size)
        accepted = batch.group(told, names)
        receipt = Receipt(accepted=accepted.stored, duplicates=accepted.duplicates, suppressed=suppressed)
        if names.created or batch.groups:
            append = compose(
                Draft(batch.minted, (), batch.groups), head=head, log=store.log, now=now, actor=self.actor,
                random=store.random, sign=store.sign,
            )  # fmt: skip
            self._keep(batch, names)
            locked.log.insert(append)
            receipt.first_position, receipt.last_position = head.size, append.head.size - 1
            head = append.head
        if suppressed:
            rows.set_number("suppressed", rows.number("suppressed") + suppressed)
        return _Taken(batch, receipt, refused, head.size)

    def _keep(self, batch: Batch, names: Attribution) -> None:
        rows, size, blind = batch.locked.keys, batch.size, self.store.blinder.blind
        rows.add_subjects(batch.subjects)
        keep_keys(batch.minted, size=size, rows=rows)
        rows.add_identifiers(identifier_rows([link[:3] for link in names.links], blind, size))
        if names.merges:
            rows.add_merges([MergeRow(one.absorbed, one.into, size) for one in names.merges])
            rows.set_number("changes", rows.number("changes") + 1)
        rows.set_number("born", size)


class _Taken(NamedTuple):
    batch: Batch
    receipt: Receipt
    refused: list[Rejection]
    size: int  # of the log afterwards


def _attribute(good: Sequence[Clean], names: Attribution) -> tuple[list[Told], list[Rejection], int]:
    """Events with their subjects, identity facts before the call that made them; refusals; suppressed."""
    told: list[Told] = []
    refused: list[Rejection] = []
    suppressed = links = merges = 0
    for call, event, klass, epoch in good:
        subject = names.subject_of(call, event.arrival)
        if subject is None:
            suppressed += 1
            continue
        if isinstance(subject, Rejection):
            refused.append(subject)
            continue
        if len(names.links) > links or len(names.merges) > merges:
            told += [Told(one.subject, _linked(event, one), IDENTITY, 0, False) for one in names.links[links:]]
            told += [Told(one.absorbed, _merged(event, one), IDENTITY, 0, False) for one in names.merges[merges:]]
            links, merges = len(names.links), len(names.merges)
        gone = names.suppressed(call) if len(call.identifiers) > 1 else None
        kept = without(event, gone) if gone else event
        told.append(Told(subject, kept, klass, epoch, call.kind != ALIAS))
    return told, refused, suppressed


def _names(call: Call) -> list[str]:
    if call.previous is None:
        return call.identifiers
    value = call.previous.partition(":")[2]
    return [*call.identifiers, call.previous, f"anonymous_id:{value}", f"user_id:{value}"]


def _linked(event: Event, link: Link) -> Event:
    return Event(
        LINKED, "", event.at, event.recorded, event.arrival, event.source, "",
        {"identifier": link.identifier}, {}, policy=event.policy,
    )  # fmt: skip


def _merged(event: Event, merge: Merge) -> Event:
    return Event(
        MERGED, "", event.at, event.recorded, event.arrival, event.source, "",
        {"into": merge.into.hex()}, {}, policy=event.policy,
    )  # fmt: skip
