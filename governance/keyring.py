"""Data keys: minted, wrapped, opened and checked against the log; a bounded cache that a fence empties."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from domain.acts import KeysCreated, parse
from domain.errors import KeyMismatch, Unavailable
from domain.log import Log
from governance.keyrows import KeyDatabase, KeyRow, KeyRows, SecretRow
from governance.sealing import DataKey, commitment, data_key

Random = Callable[[int], bytes]
CACHE_KEYS = 50_000
ACTS_CACHED = 64

IDENTITY, EVIDENCE, PROFILE = "identity", "evidence", "profile"


class KeyStore(Protocol):
    """Key-encryption keys by generation, kept outside the store."""

    def current(self) -> int:
        """The generation under which new keys are wrapped."""
        ...

    def wrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap (key, context) pairs."""
        ...

    def unwrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Raises Unavailable for a generation that is gone and Damaged for a context that differs."""
        ...


class Minted(NamedTuple):
    """A new key and the wish to keep it; its row is complete once its act has a position."""

    key: DataKey
    wrapped: bytes
    generation: int


class Keyring:
    """Opens keys in batches; every key is compared with its commitment on the log before use."""

    def __init__(self, database: KeyDatabase, store: KeyStore, log: Log, *, cache_keys: int = CACHE_KEYS) -> None:
        self.database = database
        self._store = store
        self._log = log
        self._limit = cache_keys
        self._opened: OrderedDict[bytes, DataKey] = OrderedDict()
        self._acts: OrderedDict[int, dict[str, str]] = OrderedDict()
        self._changes = -1

    def find(self, key_ids: Collection[bytes]) -> dict[bytes, DataKey]:
        """The opened keys of those that still exist; destroyed ones are not in the answer."""
        with self.database.reading() as rows:
            self.notice_changes(rows)
            found = {key_id: self._opened[key_id] for key_id in key_ids if key_id in self._opened}
            missing = [key_id for key_id in key_ids if key_id not in found]
            if missing:
                found.update((key.key_id, key) for key in self.open(rows.keys(missing)))
        return found

    def notice_changes(self, rows: KeyRows) -> int:
        """Empty the cache when any process has fenced or merged subjects since the last look.

        Returns how often that has happened so far.
        """
        changes = rows.number("changes")
        if changes != self._changes:
            self._opened.clear()
            self._changes = changes
        return changes

    def open(self, rows: Sequence[KeyRow]) -> list[DataKey]:
        """Unwrap rows and check them. Raises KeyMismatch for a key the log did not commit to."""
        opened = {row.key_id: self._opened[row.key_id] for row in rows if row.key_id in self._opened}
        fresh = [row for row in rows if row.key_id not in opened]
        for generation in {row.generation for row in fresh}:
            some = [row for row in fresh if row.generation == generation]
            raws = self._store.unwrap(generation, [(row.wrapped, _context(row)) for row in some])
            for row, raw in zip(some, raws, strict=True):
                if self._committed(row.committed_at).get(row.key_id.hex()) != commitment(raw, row.key_id).hex():
                    raise KeyMismatch("a key is not the one committed", row.committed_at)
                opened[row.key_id] = data_key(row.key_id, row.subject, row.klass, row.epoch, raw)
                self.remember(opened[row.key_id])
        return [opened[row.key_id] for row in rows]

    def check(self, rows: Sequence[KeyRow]) -> None:
        """Compare stored keys with their commitments, whatever is cached. Raises KeyMismatch."""
        self.forget()
        self.open(rows)
        self.forget()

    def remember(self, key: DataKey) -> None:
        """Keep an opened key; the oldest leaves when the cache is full."""
        self._opened[key.key_id] = key
        if len(self._opened) > self._limit:
            self._opened.popitem(last=False)

    def forget(self) -> None:
        """Drop every opened key."""
        self._opened.clear()

    def mint(self, wanted: Sequence[tuple[bytes, str, int]], random: Random) -> list[Minted]:
        """New keys for (subject, class, epoch), wrapped under the current generation in one call."""
        generation = self._store.current()
        keys = [data_key(random(16), subject, klass, epoch, random(32)) for subject, klass, epoch in wanted]
        wrapped = self._store.wrap(
            generation, [(key.raw, context(key.key_id, key.subject, key.klass, key.epoch)) for key in keys]
        )
        return [Minted(key, sealed, generation) for key, sealed in zip(keys, wrapped, strict=True)]

    def secret(self, rows: KeyRows, name: str) -> bytes:
        """The newest secret of this name. Raises Unavailable when the store has none."""
        found = rows.secrets(name)
        if not found:
            raise Unavailable(f"the keyring holds no secret `{name}`")
        newest = found[-1]
        return self._store.unwrap(newest.generation, [(newest.wrapped, _secret_context(name, newest.serial))])[0]

    def all_secrets(self, rows: KeyRows, name: str) -> dict[int, bytes]:
        """Every secret of this name that still exists, by serial."""
        return {
            row.serial: self._store.unwrap(row.generation, [(row.wrapped, _secret_context(name, row.serial))])[0]
            for row in rows.secrets(name)
        }

    def new_secret(self, rows: KeyRows, name: str, value: bytes) -> int:
        """Add a secret after the ones of this name; returns its serial."""
        found = rows.secrets(name)
        serial = found[-1].serial + 1 if found else 1
        generation = self._store.current()
        wrapped = self._store.wrap(generation, [(value, _secret_context(name, serial))])[0]
        rows.add_secret(SecretRow(name, serial, generation, wrapped))
        return serial

    def _committed(self, position: int) -> dict[str, str]:
        if position not in self._acts:
            found = self._log.contents([position])
            if not found or found[0].act != "keys_created" or found[0].fields is None:
                raise KeyMismatch("no keys_created act", position)
            act = parse("keys_created", found[0].fields)
            self._acts[position] = dict(act.keys) if isinstance(act, KeysCreated) else {}
            if len(self._acts) > ACTS_CACHED:
                self._acts.popitem(last=False)
        return self._acts[position]


def context(key_id: bytes, subject: bytes, klass: str, epoch: int) -> bytes:
    """What a wrapped key is bound to: no row can be moved to another subject, class or epoch."""
    return b"lethe/dk/1" + key_id + subject + klass.encode() + b"/" + str(epoch).encode()


def _context(row: KeyRow) -> bytes:
    return context(row.key_id, row.subject, row.klass, row.epoch)


def _secret_context(name: str, serial: int) -> bytes:
    return f"lethe/secret/1/{name}/{serial}".encode()
