"""States of the past: in memory alone, never on disk, gone with the process that asked for them."""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from domain.errors import Unavailable

Name = TypeVar("Name", bytes, str)

SCRATCH_BYTES = 1 << 30
"""Of states and statistics, as they are encoded; with Python's own share a process takes about a fifth more."""


class ScratchFull(Unavailable):
    """There are more people than may be held in memory at once."""

    def __init__(self) -> None:
        super().__init__("the states of that time take more memory than a replay may use")


class Scratch:
    """Implements the runner's `States`; what it holds is bounded. Raises ScratchFull from `save`."""

    def __init__(self, limit_bytes: int = SCRATCH_BYTES) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._checkpoint = -1
        self._rows: dict[bytes, bytes] = {}
        self._shared: dict[str, bytes] = {}

    def checkpoint(self) -> int:
        return self._checkpoint

    def load(self, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        return {one: self._rows[one] for one in subjects if one in self._rows}

    def shared(self) -> dict[str, bytes]:
        return dict(self._shared)

    def save(
        self,
        *,
        expected: int,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> None:
        self._held += _apply(self._rows, states) + _apply(self._shared, shared)
        if self._held > self._limit:
            raise ScratchFull
        self._checkpoint = checkpoint

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Every state by its subject, ascending."""
        return ((subject, self._rows[subject]) for subject in sorted(self._rows))


def _apply(kept: dict[Name, bytes], changes: Mapping[Name, bytes | None]) -> int:
    """Returns by how many bytes it grew."""
    grown = 0
    for name, row in changes.items():
        grown -= len(kept.pop(name, b""))
        if row is not None:
            kept[name] = row
            grown += len(row)
    return grown
