"""Tree heads leave the process only after a file outside the database knows them."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from domain.errors import Damaged
from domain.log import Head, Log
from domain.proofs import frontier_at


class HighWater(NamedTuple):
    """The largest tree head that was ever given out."""

    size: int
    root: bytes
    note: str


class Rollback(Damaged):
    """The log does not extend what was published: it was restored from an older copy, or forked."""


class Mirror(Protocol):
    """What is kept outside the database and its backups."""

    def high_water(self) -> HighWater | None: ...
    def advancing(self) -> AbstractContextManager[HighWater | None]: ...
    def write_high_water(self, new: HighWater) -> None: ...
    def add_acts(self, lines: Sequence[str]) -> None:
        """Written as they are, also those that are there."""
        ...

    def acts(self) -> Sequence[str]: ...
    def add_marks(self, marks: Sequence[tuple[str, ...]]) -> None:
        """Mark and case, and where they are known the serial of the mark's secret and its end."""
        ...

    def marks(self) -> Sequence[tuple[str, str]]: ...

    def terms(self) -> Mapping[str, tuple[int, int]]:
        """By mark: serial and end in microseconds."""
        ...

    def cases(self) -> Collection[str]:
        """Of every mark that there is or was."""
        ...

    def drop_marks(self, marks: Collection[str], *, before: int = 0) -> None:
        """Forget marks; with `before` those of them that ended by then."""
        ...

    def add_words(self, lines: Sequence[str]) -> None: ...
    def words(self) -> Sequence[str]: ...
    def drop_words(self, lines: Collection[str]) -> None: ...
    def keep_text(self, digest: str, text: str) -> None:
        """A policy or a notice, by its SHA-256; twice is not an error."""
        ...

    def text(self, digest: str) -> str | None: ...


def publish(log: Log, mirror: Mirror) -> Head:
    """The newest head, once the high-water file holds it. Raises Rollback when it does not extend the last one."""
    with mirror.advancing() as last:
        head = log.head()
        require_extends(head, last, log)
        if last is None or head.size > last.size:
            mirror.write_high_water(HighWater(head.size, head.frontier.root(), head.note))
    return head


def publish_when_due(log: Log, mirror: Mirror, *, every: int = 256) -> None:
    """Publish once so many entries came after the last head that was given out."""
    last = mirror.high_water()
    if last is None or log.head().size - last.size >= every:
        publish(log, mirror)


def require_extends(head: Head, last: HighWater | None, log: Log) -> None:
    """Raises Rollback unless the log still holds the tree that was published last."""
    if last is None:
        return
    if head.size < last.size:
        raise Rollback("the log is shorter than the tree head that was published", head.size)
    if frontier_at(last.size, log).root() != last.root:
        raise Rollback("the log is not the one that was published", last.size)
