"""What the keyring knows of the people in a batch, kept between batches while nobody changed it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

from domain.errors import Damaged
from domain.log import LockedLog
from governance.blind import Blinder
from governance.keyring import IDENTITY, Keyring, Random
from governance.keyrows import LIVE, IdentifierRow, KeyRow, KeyRows, SubjectRow
from governance.sealing import DataKey, hkdf
from governance.suppression import cases_of, listed_among

CACHED = 200_000
KEYS_KEPT = 60_000  # of all persons: an opened key takes about 0.35 KB, and everyone gets new ones month by month
DIGEST_BYTES_KEPT = 64 << 20


class Person(NamedTuple):
    """A live root subject: its stream, its keys by (class, epoch), and where its message ids are known."""

    subject: bytes
    handle: int
    keys: dict[tuple[str, int], DataKey]
    seen: list[tuple[int, bytes]]  # (stream, dedupe secret) of itself, then of those it absorbed


class People:
    """A cache over the keyring's rows, as long-lived as the keyring's own: `begin` empties it when that was emptied."""

    def __init__(self, keyring: Keyring, blinder: Blinder) -> None:
        self._keyring = keyring
        self._blinder = blinder
        self._roots: dict[str, bytes] = {}
        self._persons: dict[bytes, Person] = {}
        self._suppressed: set[str] = set()
        self._fenced: set[str] = set()
        self._listed: set[str] = set()
        self.since = -1  # how often the keyring's cache had been emptied when this one was begun
        self._use = Lock()
        keyring.lease.cover(self)
        self._rows: KeyRows | None = None
        self._digests: dict[int, bytes] = {}
        self._digest_bytes = 0
        self._digests_size = -1

    @contextmanager
    def used(self) -> Iterator[None]:
        """For one batch: nothing is taken away meanwhile, and nothing outlives the lease afterwards."""
        with self._use:
            yield
            if not self._keyring.lease.is_held():
                self.forget()

    def let_go(self) -> None:
        """As `governance.presence.Cache` says."""
        if self._use.acquire(blocking=False):
            self.forget()
            self._use.release()

    def begin(self, rows: KeyRows, identifiers: Collection[str], *, now: int, country: str = "") -> None:
        """Look up what this batch needs, under the append lock; `country` is that of phone numbers that name none."""
        emptied = self._keyring.notice_changes(rows)
        keys = sum(len(one.keys) for one in self._persons.values())
        if emptied != self.since or len(self._roots) > CACHED or keys > KEYS_KEPT:
            self.forget()
            self.since = emptied
        self._rows = rows
        unknown = [one for one in identifiers if one not in self._roots]
        blinds = {one: self._blinder.blind(one) for one in unknown}
        found = rows.identifiers(set(blinds.values()))
        roots = rows.roots({row.subject for row in found.values()})
        for one, blind in blinds.items():
            if (row := found.get(blind)) is not None:
                self._roots[one] = roots.get(row.subject, row.subject)
        absent = {one: blind for one, blind in blinds.items() if blind not in found}
        self._listed = listed_among(rows, self._blinder, list(absent), country, now)
        self._suppressed = cases_of(rows, self._blinder, absent, now).keys() | self._listed
        fresh = {self._roots[one] for one in unknown if one in self._roots}
        fenced = {row.subject for row in rows.subjects(fresh).values() if row.state != LIVE}
        self._fenced = {one for one in unknown if self._roots.get(one) in fenced}
        self._suppressed |= self._fenced
        for one in self._suppressed:
            self._roots.pop(one, None)

    def forget(self) -> None:
        """Nothing of an earlier look survives."""
        self._roots.clear()
        self._persons.clear()
        self._digests.clear()
        self._digests_size = -1

    def subject(self, identifier: str) -> bytes | None:
        return self._roots.get(identifier)

    def is_suppressed(self, identifier: str) -> bool:
        return identifier in self._suppressed

    def is_listed(self, identifier: str) -> bool:
        return identifier in self._listed

    def is_fenced(self, identifier: str) -> bool:
        return identifier in self._fenced

    def strengths(self, subject: bytes) -> list[int]:
        assert self._rows is not None
        return [row.strength for row in self._rows.identifiers_of(self._rows.members(subject))]

    def load(self, subjects: Collection[bytes]) -> dict[bytes, Person]:
        """The persons of a batch, keys unwrapped."""
        assert self._rows is not None
        missing = [one for one in subjects if one not in self._persons]
        if missing:
            self._load(missing, self._rows)
        return {one: self._persons[one] for one in subjects}

    def add(self, subject: bytes, handle: int, keys: Sequence[DataKey]) -> Person:
        """A person made in this batch."""
        person = Person(subject, handle, {(key.klass, key.epoch): key for key in keys}, [])
        person.seen.append((handle, dedupe_secret(person.keys[IDENTITY, 0])))
        self._persons[subject] = person
        return person

    def digests(self, log: LockedLog, streams: Collection[int], size: int) -> dict[int, bytes]:
        """The digests in these streams; from memory as long as nobody else has appended."""
        if size != self._digests_size or self._digest_bytes > DIGEST_BYTES_KEPT:
            self._digests.clear()
            self._digest_bytes = 0
        missing = [one for one in streams if one not in self._digests]
        if missing:
            found = log.seen(missing)
            self._digest_bytes += sum(map(len, found.values()))
            self._digests.update({one: found.get(one, b"") for one in missing})
        return {one: self._digests[one] for one in streams}

    def add_digests(self, added: Sequence[tuple[int, bytes]], size: int) -> None:
        """What an append of ours has added to the streams, and the size of the log since."""
        for stream, digests in added:
            if digests and stream in self._digests:
                self._digests[stream] += digests
                self._digest_bytes += len(digests)
        self._digests_size = size

    def _load(self, missing: Sequence[bytes], rows: KeyRows) -> None:
        merged = rows.absorbing(missing)
        members = {one: rows.members(one) if one in merged else [one] for one in missing}
        everyone = [member for some in members.values() for member in some]
        handles = {row.subject: row.handle for row in rows.subjects(everyone).values()}
        by_subject: dict[bytes, list[DataKey]] = {}
        for key in self._keyring.open(_needed(rows.keys_of(everyone), set(missing))):
            by_subject.setdefault(key.subject, []).append(key)
        for one in missing:
            if not any(key.klass == IDENTITY for key in by_subject.get(one, ())):
                raise Damaged("a living subject has no identity key; see `lethe audit verify`")
            person = self.add(one, handles[one], by_subject[one])
            for member in members[one][1:]:
                secret = next(dedupe_secret(key) for key in by_subject[member] if key.klass == IDENTITY)
                person.seen.append((handles[member], secret))


def _needed(keys: Sequence[KeyRow], roots: set[bytes]) -> list[KeyRow]:
    return [row for row in keys if row.subject in roots or row.klass == IDENTITY]


def dedupe_secret(identity: DataKey) -> bytes:
    """Keys the digests of a subject's message ids; dies with the subject's identity key."""
    return hkdf(identity.raw, b"dedupe/1")


def subject_rows(created: Sequence[bytes], random: Random, size: int) -> list[SubjectRow]:
    """Rows of new subjects, each with a random stream handle of 63 bits."""
    return [SubjectRow(one, int.from_bytes(random(8), "big") >> 1, LIVE, None, size) for one in created]


def identifier_rows(
    links: Sequence[tuple[bytes, str, int]], blind: Callable[[str], bytes], size: int
) -> list[IdentifierRow]:
    """Rows of the blind index for (subject, identifier, strength)."""
    return [IdentifierRow(blind(identifier), subject, strength, size) for subject, identifier, strength in links]
