"""Tree heads leave the process only after a file outside the database knows them."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, Protocol

from domain.errors import Damaged
from domain.log import Head, Log
from domain.proofs import frontier_at

DUE_ENTRIES: Final = 256
DUE_MICROSECONDS: Final = 60_000_000


class HighWater(NamedTuple):
    """The largest tree head that was ever given out."""

    size: int
    root: bytes
    note: str
    at: int = 0  # microseconds, by the store's clock, at the start of a minute


class Rollback(Damaged):
    """The log does not extend what was published: it was restored from an older copy, or forked."""


class Heads(Protocol):
    """The largest tree head that was given out, and where others read it."""

    def high_water(self) -> HighWater | None: ...
    def advancing(self) -> AbstractContextManager[HighWater | None]:
        """Nobody else gives out a head meanwhile."""
        ...

    def write_high_water(self, new: HighWater) -> None: ...
    def show(self, log: Log, head: Head) -> None:
        """Bring the published directory to a head that the high-water file holds, if there is such a directory.

        Raises Rollback when it shows another log.
        """
        ...


class Vouchers(Protocol):
    """What others said of the log's heads: witnesses, and signing keys that were replaced."""

    def cosigned(self) -> str | None:
        """The note of the newest head with the cosignatures that were collected."""
        ...

    def write_cosigned(self, note: str) -> None: ...
    def handovers(self) -> Sequence[str]:
        """Proofs as `governance.signing_chain` says, ascending."""
        ...

    def add_handover(self, position: int, proof: str) -> None:
        """Of the act at this position. Twice is not an error."""
        ...


class Mirror(Heads, Vouchers, Protocol):
    """What is kept outside the database and its backups."""

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


def publish(log: Log, mirror: Heads) -> Head:
    """The newest head, once the high-water file holds it. Raises Rollback when it does not extend the last one."""
    with mirror.advancing() as last:
        head = log.head()
        require_extends(head, last, log)
        if last is None or head.size > last.size:
            mirror.write_high_water(HighWater(head.size, head.frontier.root(), head.note))
    mirror.show(log, head)
    return head


def publish_when_due(log: Log, mirror: Heads, *, size: int, now: int) -> None:
    """After an append: publish once so many entries, or so much time, came after the last head that was given out."""
    last = mirror.high_water()
    if last is not None and (size <= last.size or not _is_due(last, size, now)):
        return
    publish(log, mirror)


def _is_due(last: HighWater, size: int, now: int) -> bool:
    """A clock that was set back is no reason to wait."""
    return size - last.size >= DUE_ENTRIES or abs(now - last.at) >= DUE_MICROSECONDS


def require_extends(head: Head, last: HighWater | None, log: Log) -> None:
    """Raises Rollback unless the log still holds the tree that was published last."""
    if last is None:
        return
    if head.size < last.size:
        raise Rollback("the log is shorter than the tree head that was published", head.size)
    if frontier_at(last.size, log).root() != last.root:
        raise Rollback("the log is not the one that was published", last.size)
