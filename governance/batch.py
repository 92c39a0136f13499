"""One batch under the append lock: duplicates dropped, keys minted, events grouped by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from domain.events import Event
from governance.admission import Admission, Decided
from governance.appending import Group
from governance.cleaning import Clean
from governance.identity import Attribution, Merge
from governance.keyring import IDENTITY, PROFILE, Keyring, Minted
from governance.keyrows import SubjectRow
from governance.people import People, Person, subject_rows
from governance.store import Locked, Store

DIGEST_BYTES = 16

Told = dict[bytes, list[Clean]]
"""What is told of each subject, in order of arrival."""

Place = tuple[str, int]
"""(class, epoch): what is under one key of a subject."""


class Counted(NamedTuple):
    """How many events are here already, and what of the others is refused."""

    duplicates: int
    decided: Decided


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

    def group(self, told: Told, names: Attribution, admission: Admission) -> Counted:
        """Fill `subjects`, `minted` and `groups`."""
        persons = self._persons(told, names.created)
        fresh = self._fresh(told, names.merges, persons)
        stored = {subject: one.places for subject, one in fresh.items()}
        decided = admission.decide(stored, told, names.merges, persons, self.locked.keys, self.size)
        self._mint_missing(fresh, persons)
        for subject, (places, _) in fresh.items():
            person = persons[subject]
            self.groups += [
                Group(person.keys[place], person.handle, events, b"".join(digests))
                for place, (events, digests) in places.items()
            ]
        return Counted(sum(duplicates for _, duplicates in fresh.values()), decided)

    def remember(self, keyring: Keyring, size: int) -> None:
        """Once the append is committed and the log has this size: its new keys and digests may be used."""
        for one in self.minted:
            keyring.remember(one.key, since=self.people.since)
        self.people.add_digests([(group.stream, group.digests) for group in self.groups], size)

    def _persons(self, told: Told, created: Sequence[bytes]) -> dict[bytes, Person]:
        self.subjects = subject_rows(created, self.store.random, self.size)
        wanted = [(one, klass, 0) for one in created for klass in (IDENTITY, PROFILE)]
        self._mint(wanted)
        new = [one.key for one in self.minted]
        persons = {
            row.subject: self.people.add(row.subject, row.handle, new[2 * index : 2 * index + 2])
            for index, row in enumerate(self.subjects)
        }
        persons.update(self.people.load(told.keys() - persons.keys()))
        return persons

    def _fresh(self, told: Told, merges: Sequence[Merge], persons: dict[bytes, Person]) -> dict[bytes, "Fresh"]:
        """By subject; those who are absorbed come before those whom they became part of."""
        new = {row.handle for row in self.subjects}
        handles = {handle for one in told for handle, _ in persons[one].seen} - new
        stored = self.people.digests(self.locked.log, handles, self.size)
        seen = {one: Seen([(secret, stored.get(handle, b"")) for handle, secret in persons[one].seen]) for one in told}
        for merge in merges:
            if merge.into in seen:  # an alias alone says nothing of the one who goes on
                seen[merge.into].join(merge.arrival, seen[merge.absorbed])
        order = dict.fromkeys([*(merge.absorbed for merge in merges), *told])
        fresh = {subject: seen[subject].fresh(told[subject]) for subject in order}
        return {subject: fresh[subject] for subject in told}

    def _mint_missing(self, fresh: Mapping[bytes, "Fresh"], persons: dict[bytes, Person]) -> None:
        wanted = [
            (subject, *place)
            for subject, (places, _) in fresh.items()
            for place in places
            if place not in persons[subject].keys
        ]
        for minted in self._mint(wanted):
            key = minted.key
            persons[key.subject].keys[key.klass, key.epoch] = key

    def _mint(self, wanted: Sequence[tuple[bytes, str, int]]) -> list[Minted]:
        minted = self.store.keyring.mint(wanted, self.store.random) if wanted else []
        self.minted += minted
        return minted


class Fresh(NamedTuple):
    """Of what is told of one subject: events with the digests of their messages, and how many were left out."""

    places: dict[Place, tuple[list[Event], list[bytes]]]
    duplicates: int


class Seen:
    """The message ids of one subject: those on the log, by digest, and those of this batch."""

    __slots__ = ("_batch", "_joined", "_keyed", "_older", "_stored")

    def __init__(self, known: Sequence[tuple[bytes, bytes]]) -> None:
        """Pairs of (dedupe secret, digests on the log), the subject's own first, then those of whom it absorbed."""
        secret, self._stored = known[0]
        self._keyed = _keyed(secret)
        self._older = [(_keyed(secret), stored) for secret, stored in known[1:] if stored]
        self._joined: list[tuple[int, Seen]] = []  # in this batch, with the arrival from which on they are one
        self._batch: set[bytes] = set()

    def join(self, arrival: int, absorbed: "Seen") -> None:
        """From this arrival on, what the absorbed knows is known here."""
        self._joined.append((arrival, absorbed))

    def fresh(self, some: Sequence[Clean]) -> Fresh:
        """What is not here already; an identity fact has no message and is always new."""
        places: dict[Place, tuple[list[Event], list[bytes]]] = {}
        keyed, stored, batch, duplicates = self._keyed, self._stored, self._batch, 0
        others = bool(self._older or self._joined)
        for one in some:
            event, place, digest = one.event, (one.klass, one.epoch), b""
            if event.message_id:
                name = f"{event.source}\0{event.message_id}".encode()
                digest = _digest(keyed, name)
                if digest in batch or holds(stored, digest) or (others and self._is_others(name, event.arrival)):
                    duplicates += 1
                    continue
                batch.add(digest)
            if place in places:
                events, digests = places[place]
                events.append(event)
                digests.append(digest)
            else:
                places[place] = ([event], [digest])
        return Fresh(places, duplicates)

    def _knows(self, name: bytes, arrival: int) -> bool:
        digest = _digest(self._keyed, name)
        return digest in self._batch or holds(self._stored, digest) or self._is_others(name, arrival)

    def _is_others(self, name: bytes, arrival: int) -> bool:
        """Whether one who is part of this subject by then has brought the message."""
        return any(holds(stored, _digest(keyed, name)) for keyed, stored in self._older) or any(
            since <= arrival and other._knows(name, arrival) for since, other in self._joined
        )


def _keyed(secret: bytes) -> blake2b:
    return blake2b(key=secret, digest_size=DIGEST_BYTES)


def _digest(keyed: blake2b, name: bytes) -> bytes:
    own = keyed.copy()  # half the price of hashing the secret anew
    own.update(name)
    return own.digest()


def holds(joined: bytes, digest: bytes) -> bool:
    """Whether one of the joined digests is this one; a match across a border does not count."""
    at = joined.find(digest)
    while at > 0 and at % DIGEST_BYTES:
        at = joined.find(digest, at + 1)
    return at >= 0
