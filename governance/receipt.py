"""What a door answers about records it took in."""

from dataclasses import dataclass
from typing import NamedTuple


class Progress(NamedTuple):
    """How far a source is in, kept in the same transaction as its events."""

    source: bytes
    records: int


@dataclass(slots=True)
class Receipt:
    """What became of the records of one or many batches."""

    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    suppressed: int = 0
    rejected: int = 0
    first_position: int | None = None
    last_position: int | None = None

    def for_client(self) -> dict[str, int]:
        """What whoever sent the records may know: that they arrived, never whose are suppressed or were here before."""
        return {"read": self.read, "accepted": self.read - self.rejected, "rejected": self.rejected}

    def add(self, other: "Receipt") -> None:
        """Sum the counts; positions span both."""
        self.read += other.read
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.suppressed += other.suppressed
        self.rejected += other.rejected
        self.first_position = other.first_position if self.first_position is None else self.first_position
        self.last_position = self.last_position if other.last_position is None else other.last_position
