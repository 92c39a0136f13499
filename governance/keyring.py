"""Data keys: minted, wrapped, opened and checked against the log; a bounded cache that a fence empties.

The cache is kept under a lease (`governance.presence`), which other processes wait for before they destroy keys.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from domain.acts import KeysCreated, parse
from domain.errors import KeyMismatch, Unavailable
from domain.log import Log
from governance.keyrows import KeyDatabase, KeyRow, KeyRows, SecretRow
from governance.presence import Lease
from governance.sealing import DataKey, commitment, data_key

Random = Callable[[int], bytes]
CACHE_KEYS = 20_000  # an opened key takes about 0.35 KB
ACTS_CACHED = 64

IDENTITY, EVIDENCE, PROFILE = "identity", "evidence", "profile"


class KeyStore(Protocol):
    """Key-encryption keys by generation, kept outside the store. What another process changed is noticed at once."""

    def current(self) -> int:
        """The generation under which new keys are wrapped."""
        ...

    def generations(self) -> Sequence[int]:
        """Those that are there, ascending; more than one while a rotation is under way."""
        ...

    def create_generation(self) -> int:
        """Make the next one, which is current from now on."""
        ...

    def destroy_generation(self, number: int) -> None:
        """Make it unrecoverable. Twice is not an error. Raises Refused for the current one."""
        ...

    def let_go(self) -> None:
        """As `governance.presence.Cache` says."""
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

    def __init__(
        self, database: KeyDatabase, store: KeyStore, log: Log, lease: Lease, *, cache_keys: int = CACHE_KEYS
    ) -> None:
        self.database = database
        self.lease = lease
        self.key_store = store
        self._log = log
        self._limit = cache_keys
        self._opened: OrderedDict[bytes, DataKey] = OrderedDict()
        self._acts: OrderedDict[int, dict[str, str]] = OrderedDict()
        self._changes = -1
        self._emptied = 0
        lease.cover(self)
        lease.cover(store)

    def find(self, key_ids: Collection[bytes]) -> dict[bytes, DataKey]:
        """The opened keys of those that still exist; destroyed ones are not in the answer."""
        with self.database.reading() as rows:
            self.notice_changes(rows)
            kept = self._opened  # another thread that forgets replaces it
            found = {key_id: key for key_id in key_ids if (key := kept.get(key_id)) is not None}
            missing = [key_id for key_id in key_ids if key_id not in found]
            if missing:
                found.update((key.key_id, key) for key in self.open(rows.keys(missing)))
        return found

    def notice_changes(self, rows: KeyRows) -> int:
        """Empty the cache when any process has fenced or merged subjects since the last look, or the lease ran out.

        Renews the lease when that is due. Returns how often the cache was emptied so far.
        """
        self._notice(rows.number("changes"), patient=False)
        return self._emptied

    def keep_lease(self) -> None:
        """Before an append, under whose lock no lease can be renewed: renew it now if that is due."""
        with self.database.reading() as rows:
            changes = rows.number("changes")
        self._notice(changes, patient=True)

    def open(self, rows: Sequence[KeyRow], *, keep: bool = True) -> list[DataKey]:
        """Unwrap rows and check them; `keep` them open. Raises KeyMismatch for a key the log did not commit to."""
        kept, since = self._opened, self._emptied
        opened = {row.key_id: key for row in rows if (key := kept.get(row.key_id)) is not None}
        fresh = [row for row in rows if row.key_id not in opened]
        for generation in {row.generation for row in fresh}:
            some = [row for row in fresh if row.generation == generation]
            raws = self.key_store.unwrap(generation, [(row.wrapped, _context(row)) for row in some])
            for row, raw in zip(some, raws, strict=True):
                if self._committed(row.committed_at).get(row.key_id.hex()) != commitment(raw, row.key_id).hex():
                    raise KeyMismatch("a key is not the one committed", row.committed_at)
                opened[row.key_id] = data_key(row.key_id, row.subject, row.klass, row.epoch, raw)
                if keep:
                    self.remember(opened[row.key_id], since=since)
        return [opened[row.key_id] for row in rows]

    def check(self, rows: Sequence[KeyRow]) -> None:
        """Compare stored keys with their commitments, whatever is cached. Raises KeyMismatch."""
        self.forget()
        self.open(rows)
        self.forget()

    def remember(self, key: DataKey, *, since: int) -> None:
        """Keep an opened key, unless the cache was emptied `since`; the oldest leaves when the cache is full."""
        kept = self._opened
        if since == self._emptied and self.lease.is_held():
            kept[key.key_id] = key
            if len(kept) > self._limit:
                kept.popitem(last=False)

    def let_go(self) -> None:
        """As `governance.presence.Cache` says."""
        self.forget()

    def forget(self) -> None:
        """Drop every opened key."""
        self._emptied += 1  # First: what is opened meanwhile is not kept.
        self._opened = OrderedDict()

    def mint(self, wanted: Sequence[tuple[bytes, str, int]], random: Random) -> list[Minted]:
        """New keys for (subject, class, epoch), wrapped under the current generation in one call."""
        generation = self.key_store.current()
        noise = random(48 * len(wanted))  # at once: a call of the system costs as much as the rest of a key
        places = zip(range(0, len(noise), 48), wanted, strict=True)
        keys = [data_key(noise[at : at + 16], *place, noise[at + 16 : at + 48]) for at, place in places]
        wrapped = self.key_store.wrap(
            generation, [(key.raw, context(key.key_id, key.subject, key.klass, key.epoch)) for key in keys]
        )
        return [Minted(key, sealed, generation) for key, sealed in zip(keys, wrapped, strict=True)]

    def rewrapped(self, rows: Sequence[KeyRow], generation: int) -> list[KeyRow]:
        """The same keys wrapped under another generation; none is kept open."""
        wrapped = self._wrapped_anew([(row.generation, row.wrapped, _context(row)) for row in rows], generation)
        return [row._replace(generation=generation, wrapped=one) for row, one in zip(rows, wrapped, strict=True)]

    def rewrapped_secrets(self, rows: Sequence[SecretRow], generation: int) -> list[SecretRow]:
        """The same secrets wrapped under another generation."""
        places = [(row.generation, row.wrapped, _secret_context(row.name, row.serial)) for row in rows]
        wrapped = self._wrapped_anew(places, generation)
        return [row._replace(generation=generation, wrapped=one) for row, one in zip(rows, wrapped, strict=True)]

    def _wrapped_anew(self, places: Sequence[tuple[int, bytes, bytes]], generation: int) -> list[bytes]:
        raws = [self.key_store.unwrap(old, [(wrapped, context)])[0] for old, wrapped, context in places]
        return self.key_store.wrap(generation, [(raw, place[2]) for raw, place in zip(raws, places, strict=True)])

    def secret(self, rows: KeyRows, name: str) -> bytes:
        """The newest secret of this name. Raises Unavailable when the store has none."""
        found = rows.secrets(name)
        if not found:
            raise Unavailable(f"the keyring holds no secret `{name}`")
        newest = found[-1]
        return self.key_store.unwrap(newest.generation, [(newest.wrapped, _secret_context(name, newest.serial))])[0]

    def all_secrets(self, rows: KeyRows, name: str) -> dict[int, bytes]:
        """Every secret of this name that still exists, by serial."""
        return {
            row.serial: self.key_store.unwrap(row.generation, [(row.wrapped, _secret_context(name, row.serial))])[0]
            for row in rows.secrets(name)
        }

    def new_secret(self, rows: KeyRows, name: str, value: bytes) -> int:
        """Add a secret after the ones of this name; returns its serial."""
        found = rows.secrets(name)
        serial = found[-1].serial + 1 if found else 1
        generation = self.key_store.current()
        wrapped = self.key_store.wrap(generation, [(value, _secret_context(name, serial))])[0]
        rows.add_secret(SecretRow(name, serial, generation, wrapped))
        return serial

    def _notice(self, changes: int, *, patient: bool) -> None:
        if changes != self._changes or not self.lease.is_held():
            self.forget()
            self._changes = changes
        self.lease.renew(changes, patient=patient)

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
