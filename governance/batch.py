"""One batch under the append lock: duplicates dropped, keys minted, events grouped by key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from domain.events import Event
from governance.appending import Group
from governance.cleaning import ALIAS
from governance.identity import Attribution, redirect
from governance.keyring import IDENTITY, PROFILE, Keyring, Minted
from governance.keyrows import SubjectRow
from governance.people import People, Person, subject_rows
from governance.store import Locked, Store

DIGEST_BYTES = 16


class Told(NamedTuple):
    """An event and whose it is; `counted` is False for facts that intake itself adds."""

    subject: bytes
    event: Event
    klass: str
    epoch: int
    counted: bool


class Counts(NamedTuple):
    """Of the calls of a batch."""

    stored: int
    duplicates: int


@dataclass(slots=True)
class Batch:
    """What one append will write, as it grows."""

    store: Store
    people: People
    locked: Locked
    size: int  # of the log before the append
    subjects: list[SubjectRow] = field(default_factory=list)
    minted: list[Minted] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    def group(self, told: Sequence[Told], names: Attribution) -> Counts:
        """Fill `subjects`, `minted` and `groups`."""
        persons = self._persons(told, names)
        fresh, counts = self._without_duplicates(told, names, persons)
        self._mint_missing(fresh, persons)
        grouped: dict[tuple[bytes, str, int], tuple[list[Event], list[bytes]]] = {}
        for one, digest in fresh:
            events, digests = grouped.setdefault((one.subject, one.klass, one.epoch), ([], []))
            events.append(one.event)
            if digest:
                digests.append(digest)
        for (subject, klass, epoch), (events, digests) in grouped.items():
            person = persons[subject]
            self.groups.append(Group(person.keys[klass, epoch], person.handle, events, b"".join(digests)))
        return counts

    def remember(self, keyring: Keyring, size: int) -> None:
        """Once the append is committed and the log has this size: its new keys and digests may be used."""
        for one in self.minted:
            keyring.remember(one.key)
        self.people.add_digests([(group.stream, group.digests) for group in self.groups], size)

    def _persons(self, told: Sequence[Told], names: Attribution) -> dict[bytes, Person]:
        created = names.created
        self.subjects = subject_rows(created, self.store.random, self.size)
        wanted = [(one, klass, 0) for one in created for klass in (IDENTITY, PROFILE)]
        self._mint(wanted)
        new = [one.key for one in self.minted]
        persons = {
            row.subject: self.people.add(row.subject, row.handle, new[2 * index : 2 * index + 2])
            for index, row in enumerate(self.subjects)
        }
        ends = {one.subject for one in told}
        if names.into:
            ends |= {redirect(one, names.into) for one in ends}
        persons.update(self.people.load(ends - persons.keys()))
        return persons

    def _without_duplicates(
        self, told: Sequence[Told], names: Attribution, persons: dict[bytes, Person]
    ) -> tuple[list[tuple[Told, bytes]], Counts]:
        seen = self._seen(told, names, persons)
        fresh: list[tuple[Told, bytes]] = []
        into, stored, duplicates = names.into, 0, 0
        for one in told:
            if not one.counted:
                if one.event.kind != ALIAS:
                    fresh.append((one, b""))
                else:
                    stored += 1
                continue
            subject = redirect(one.subject, into) if into else one.subject
            event = one.event
            digest = seen[subject].digest(f"{event.source}\0{event.message_id}".encode())
            if digest is None:
                duplicates += 1
                continue
            stored += 1
            fresh.append((one if subject == one.subject else one._replace(subject=subject), digest))
        return fresh, Counts(stored, duplicates)

    def _seen(self, told: Sequence[Told], names: Attribution, persons: dict[bytes, Person]) -> dict[bytes, "Seen"]:
        absorbed: dict[bytes, list[bytes]] = {}
        for one in names.into:
            absorbed.setdefault(redirect(one, names.into), []).append(one)
        ends = {one.subject for one in told if one.counted}
        if names.into:
            ends = {redirect(one, names.into) for one in ends}
        pairs = {
            end: [pair for who in (end, *absorbed.get(end, ())) if who in persons for pair in persons[who].seen]
            for end in ends
        }
        new = {row.handle for row in self.subjects}
        stored = self.people.digests(
            self.locked.log, {handle for some in pairs.values() for handle, _ in some} - new, self.size
        )
        return {
            end: Seen([(secret, stored.get(handle, b"")) for handle, secret in some]) for end, some in pairs.items()
        }

    def _mint_missing(self, fresh: Sequence[tuple[Told, bytes]], persons: dict[bytes, Person]) -> None:
        wanted = {
            (one.subject, one.klass, one.epoch): None
            for one, _ in fresh
            if (one.klass, one.epoch) not in persons[one.subject].keys
        }
        for minted in self._mint(list(wanted)):
            key = minted.key
            persons[key.subject].keys[key.klass, key.epoch] = key

    def _mint(self, wanted: Sequence[tuple[bytes, str, int]]) -> list[Minted]:
        minted = self.store.keyring.mint(wanted, self.store.random) if wanted else []
        self.minted += minted
        return minted


class Seen:
    """The message ids of one subject: those on the log, by digest, and those of this batch."""

    __slots__ = ("_batch", "_older", "_secret", "_stored")

    def __init__(self, known: Sequence[tuple[bytes, bytes]]) -> None:
        self._secret, self._stored = known[0]
        self._older = [(secret, stored) for secret, stored in known[1:] if stored]
        self._batch: set[bytes] = set()

    def digest(self, name: bytes) -> bytes | None:
        """The digest under the subject's own secret; None when the message is here already."""
        digest = blake2b(name, digest_size=DIGEST_BYTES, key=self._secret).digest()
        if digest in self._batch or (self._stored and holds(self._stored, digest)):
            return None
        for secret, stored in self._older:
            if holds(stored, blake2b(name, digest_size=DIGEST_BYTES, key=secret).digest()):
                return None
        self._batch.add(digest)
        return digest


def holds(joined: bytes, digest: bytes) -> bool:
    """Whether one of the joined digests is this one; a match across a border does not count."""
    at = joined.find(digest)
    while at > 0 and at % DIGEST_BYTES:
        at = joined.find(digest, at + 1)
    return at >= 0
