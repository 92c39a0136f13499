"""The door in: calls become sealed entries in one append, or are refused by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from domain.calls import Call, Rejection
from domain.collector import paused
from domain.events import LINKED, MERGED, Event
from governance.admission import Admission
from governance.appending import Draft, compose, keep_keys
from governance.batch import Batch, Told
from governance.cleaning import ALIAS, Clean, Cleaner, without
from governance.identity import Attribution, Link, Merge, redirect
from governance.keyring import EVIDENCE, IDENTITY
from governance.keyrows import MergeRow
from governance.lost_basis import remove_unjustified
from governance.people import People, identifier_rows
from governance.receipt import Progress, Receipt
from governance.store import Locked, Store, recover_orphans, require_policy
from governance.words import Word, as_word, publish_words, write_giving, write_taking


@dataclass(slots=True)
class Recorder:
    """Records batches of one source; what it learns of identifiers and keys serves the next batch."""

    store: Store
    cleaner: Cleaner
    people: People
    source: str
    actor: bytes
    admission: Admission

    def record(
        self, calls: Sequence[Call], rejections: Sequence[Rejection] = (), progress: Progress | None = None
    ) -> Receipt:
        """Take in one batch in one transaction. After an error nothing of the batch is stored."""
        with paused():
            return self._record(calls, rejections, progress)

    def _record(self, calls: Sequence[Call], rejections: Sequence[Rejection], progress: Progress | None) -> Receipt:
        now = self.store.clock()
        good, bad = self.cleaner.clean(calls, now)
        self.store.keyring.keep_lease()
        with self.people.used():
            try:
                with self.store.lock() as locked:
                    taken = self._take(locked, good, now)
                    refused = [*rejections, *bad, *taken.refused]
                    locked.log.note_rejections([(self.source, one.record, one.field, one.reason) for one in refused])
                    if progress is not None:
                        locked.log.note_progress(progress.source, progress.records)
            except BaseException:
                self.people.forget()  # it may have learned of people who were rolled back
                self.admission.standings.forget()
                raise
            taken.batch.remember(self.store.keyring, taken.size)
        if taken.words:
            write_giving(self.store, taken.words)
        publish_words(self.store, taken.words, size=taken.size, now=now)
        for root in sorted(taken.lost):
            remove_unjustified(self.store, root)
        receipt = taken.receipt
        receipt.read, receipt.rejected = len(calls) + len(rejections), len(refused)
        return receipt

    def _take(self, locked: Locked, good: Sequence[Clean], now: int) -> "_Taken":
        store, rows, head = self.store, locked.keys, locked.log.head()
        recover_orphans(rows, head.size)
        require_policy(store, rows)
        self.people.begin(rows, _names(good), now=now, country=store.policy.rules.suppression.country_code)
        names = Attribution(self.people, store.policy.identifiers, lambda: store.random(16))
        sifted, early = self.admission.sift(good, self.people, rows, head.size)
        heard = _attribute(sifted, names)
        batch = Batch(store, self.people, locked, head.size)
        duplicates, decided = batch.group(heard.told, names, self.admission)
        refused = [*early, *heard.refused, *decided.refused]
        accepted = len(good) - len(refused) - heard.suppressed - duplicates
        receipt = Receipt(accepted=accepted, duplicates=duplicates, suppressed=heard.suppressed)
        words = _words(batch)
        if names.created or batch.groups:
            append = compose(
                Draft(batch.minted, (), batch.groups), head=head, log=store.log, now=now, actor=self.actor,
                random=store.random, sign=store.sign,
            )  # fmt: skip
            self._keep(batch, names)
            write_taking(store, rows, words)
            locked.log.insert(append)
            receipt.first_position, receipt.last_position = head.size, append.head.size - 1
            head = append.head
        if heard.suppressed:
            rows.set_number("suppressed", rows.number("suppressed") + heard.suppressed)
        self.admission.appended(head.size, names.into)
        lost = {redirect(one, names.into) for one in decided.lost}
        return _Taken(batch, receipt, refused, lost, head.size, words)

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
    lost: set[bytes]  # who took the last basis from some of their classes
    size: int  # of the log afterwards
    words: Sequence[Word]


def _words(batch: Batch) -> list[Word]:
    """The facts that signals became."""
    said = [group for group in batch.groups if group.key.klass == EVIDENCE]
    return [as_word(group.key.subject, one.kind, one.at, one.properties) for group in said for one in group.events]


class _Heard(NamedTuple):
    told: Told
    refused: list[Rejection]
    suppressed: int


def _attribute(good: Sequence[Clean], names: Attribution) -> _Heard:
    """Events by their subjects, identity facts before the call that made them; refusals; how many are suppressed."""
    told: Told = {}
    refused: list[Rejection] = []
    suppressed = links = merges = 0
    for one in good:
        call, event = one.call, one.event
        subject = names.subject_of(call, event.arrival)
        if subject is None:
            suppressed += 1
            continue
        if isinstance(subject, Rejection):
            refused.append(subject)
            continue
        if len(names.links) > links or len(names.merges) > merges:
            for link in names.links[links:]:
                told.setdefault(link.subject, []).append(Clean(call, _linked(event, link), IDENTITY, 0))
            for merge in names.merges[merges:]:
                told.setdefault(merge.absorbed, []).append(Clean(call, _merged(event, merge), IDENTITY, 0))
            links, merges = len(names.links), len(names.merges)
        if call.kind == ALIAS:
            continue  # the facts say it all
        if len(call.identifiers) > 1 and (gone := names.suppressed(call)):
            one = replace(one, event=without(event, gone))
        if subject in told:
            told[subject].append(one)
        else:
            told[subject] = [one]
    return _Heard(told, refused, suppressed)


def _names(good: Sequence[Clean]) -> set[str]:
    """All that the attribution of these calls may look up."""
    names = {name for one in good for name in one.call.identifiers}
    for previous in {one.call.previous for one in good if one.call.previous is not None}:
        value = previous.partition(":")[2]
        names |= {previous, f"anonymous_id:{value}", f"user_id:{value}"}
    return names


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
