"""The projections' states, sealed: each under a key of its subject, what is shared under the statistics key."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from domain.errors import Damaged, MovedOn
from governance.keyring import PROFILE, Keyring, Random
from governance.sealing import NONCE_BYTES, DataKey, data_key, seal, unseal

STATISTICS = "statistics"


class Mark(NamedTuple):
    """Where a slot is: last position folded, and how often it was written."""

    checkpoint: int
    revision: int


class Slots(Protocol):
    """Sealed rows in two slots: one serves, the other is rebuilt into."""

    def active(self) -> str: ...
    def mark(self, name: str) -> Mark: ...
    def load(self, name: str, subjects: Collection[bytes]) -> dict[bytes, bytes]: ...
    def scan(self, name: str, *, after: bytes, limit: int) -> Sequence[tuple[bytes, bytes]]: ...
    def shared(self, name: str) -> dict[str, bytes]: ...

    def save(
        self,
        name: str,
        *,
        expected: Mark,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> Mark:
        """One transaction; None deletes a row. Raises MovedOn unless the slot is at `expected`."""
        ...

    def clear(self, name: str) -> Mark: ...
    def switch(self, name: str) -> None: ...


class SealedStates:
    """One slot as the projections' runner sees it: plain bytes in and out."""

    def __init__(self, slots: Slots, name: str, keyring: Keyring, random: Random) -> None:
        self._slots = slots
        self.name = name
        self._keyring = keyring
        self._random = random
        self._mark = Mark(-1, -1)

    def checkpoint(self) -> int:
        """The last position folded; what is saved next must start from here."""
        self._mark = self._slots.mark(self.name)
        return self._mark.checkpoint

    def load(self, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        """The states of those that have one and whose key still exists."""
        rows = self._slots.load(self.name, subjects)
        keys = self.keys(rows)
        return {one: unseal(keys[one], one, sealed) for one, sealed in rows.items() if one in keys}

    def shared(self) -> dict[str, bytes]:
        """Statistics and models by name."""
        rows = self._slots.shared(self.name)
        opened = self._statistics_keys() if rows else {}
        if any(_serial(sealed) not in opened for sealed in rows.values()):  # an erasure came between the two reads
            rows, opened = self._slots.shared(self.name), self._statistics_keys()
        return {name: _open_shared(opened, name, sealed) for name, sealed in rows.items()}

    def save(
        self,
        *,
        expected: int,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> None:
        """Raises MovedOn when the slot moved, or when a subject's key was destroyed since it was folded."""
        if self._mark.checkpoint != expected:
            raise MovedOn(f"slot {self.name} was not read at {expected}")
        kept = [one for one, plain in states.items() if plain is not None]
        keys = self.keys(kept)
        if len(keys) != len(kept):
            raise MovedOn("a subject was erased while it was folded")
        sealed = {one: plain and seal(keys[one], one, plain, self._random(12)) for one, plain in states.items()}
        self._mark = self._slots.save(
            self.name,
            expected=self._mark,
            checkpoint=checkpoint,
            states=sealed,
            shared=self._seal_shared(shared),
        )

    def reseal(self) -> None:
        """Seal what is shared under the newest statistics key; the states stay as they are."""
        checkpoint = self.checkpoint()
        self.save(expected=checkpoint, checkpoint=checkpoint, states={}, shared=dict(self.shared()))

    def scan(self, limit: int = 500) -> Callable[[bytes], list[tuple[bytes, bytes]]]:
        """A reader of plain states after a subject id, ascending."""

        def read(after: bytes) -> list[tuple[bytes, bytes]]:
            rows = self._slots.scan(self.name, after=after, limit=limit)
            keys = self.keys([subject for subject, _ in rows])
            return [(one, unseal(keys[one], one, sealed) if one in keys else b"") for one, sealed in rows]

        return read

    def keys(self, subjects: Collection[bytes]) -> dict[bytes, DataKey]:
        """The profile keys of those that have one."""
        with self._keyring.database.reading() as rows:
            self._keyring.notice_changes(rows)
            return {key.subject: key for key in self._keyring.open(rows.keys_of(subjects, PROFILE, taken=True))}

    def _statistics_keys(self) -> dict[int, DataKey]:
        with self._keyring.database.reading() as rows:
            secrets = self._keyring.all_secrets(rows, STATISTICS)
        return {serial: data_key(b"", b"", STATISTICS, serial, raw) for serial, raw in secrets.items()}

    def _seal_shared(self, shared: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        if not shared:
            return {}
        opened = self._statistics_keys()
        serial = max(opened)
        prefix = serial.to_bytes(4, "big")
        return {
            name: plain and prefix + seal(opened[serial], name.encode(), plain, self._random(NONCE_BYTES))
            for name, plain in shared.items()
        }


def _open_shared(opened: Mapping[int, DataKey], name: str, sealed: bytes) -> bytes:
    serial = _serial(sealed)
    if serial not in opened:
        raise Damaged("a statistic is sealed under a statistics key that is gone")
    return unseal(opened[serial], name.encode(), sealed[4:])


def _serial(sealed: bytes) -> int:
    return int.from_bytes(sealed[:4], "big")
