"""The keyring as rows: what the database holds, and the port through which it is touched."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

LIVE, FENCED, ERASED = 0, 1, 2
WEAK, ANONYMOUS, STRONG = 0, 1, 2


class SubjectRow(NamedTuple):
    """A person or a case, by random id. The row outlives its keys: an erased id is never minted again."""

    subject: bytes
    handle: int  # random; the subject's stream in the log
    state: int
    case_id: bytes | None
    born: int  # size of the log when the append that made the row began


class KeyRow(NamedTuple):
    """A wrapped data key of one (subject, retention class, epoch)."""

    key_id: bytes
    subject: bytes
    klass: str
    epoch: int  # months since 1970-01
    generation: int
    wrapped: bytes
    committed_at: int  # position of the `keys_created` act that holds its commitment
    born: int


class IdentifierRow(NamedTuple):
    """A keyed blind index value and whom it names."""

    blind: bytes
    subject: bytes
    strength: int
    born: int


class MergeRow(NamedTuple):
    """One subject that another absorbed."""

    absorbed: bytes
    into: bytes
    born: int


class SecretRow(NamedTuple):
    """A wrapped secret of the store itself; an erasure replaces some of them."""

    name: str
    serial: int
    generation: int
    wrapped: bytes


class KeyRows(Protocol):
    """The rows inside one transaction."""

    def number(self, name: str) -> int: ...
    def set_number(self, name: str, value: int) -> None: ...
    def subjects(self, ids: Collection[bytes]) -> dict[bytes, SubjectRow]: ...
    def subjects_in(self, states: Collection[int]) -> Sequence[SubjectRow]: ...
    def of_case(self, case: bytes, state: int) -> Sequence[SubjectRow]: ...
    def identifiers(self, blinds: Collection[bytes]) -> dict[bytes, IdentifierRow]: ...
    def identifiers_of(self, subjects: Collection[bytes]) -> Sequence[IdentifierRow]: ...
    def roots(self, subjects: Collection[bytes]) -> dict[bytes, bytes]: ...
    def absorbing(self, subjects: Collection[bytes]) -> set[bytes]: ...
    def members(self, root: bytes) -> Sequence[bytes]: ...
    def keys(self, key_ids: Collection[bytes]) -> Sequence[KeyRow]: ...
    def keys_of(self, subjects: Collection[bytes], klass: str | None = None) -> Sequence[KeyRow]: ...
    def keys_after(self, key_id: bytes | None, *, limit: int) -> Sequence[KeyRow]: ...
    def suppressed(self, marks: Collection[bytes]) -> dict[bytes, bytes]: ...
    def secrets(self, name: str) -> Sequence[SecretRow]: ...
    def add_subjects(self, rows: Sequence[SubjectRow]) -> None: ...
    def add_keys(self, rows: Sequence[KeyRow]) -> None: ...
    def add_identifiers(self, rows: Sequence[IdentifierRow]) -> None: ...
    def add_merges(self, rows: Sequence[MergeRow]) -> None: ...
    def add_suppressions(self, marks: Mapping[bytes, bytes]) -> None: ...
    def add_secret(self, row: SecretRow) -> None: ...
    def drop_secrets(self, name: str, *, before: int) -> None: ...
    def set_state(self, subjects: Collection[bytes], state: int, case_id: bytes) -> None: ...
    def destroy(self, subjects: Collection[bytes], *, keep: str) -> int: ...
    def drop_born_since(self, size: int) -> None: ...


class KeyDatabase(Protocol):
    """Where the keyring lies."""

    def reading(self) -> AbstractContextManager[KeyRows]: ...

    def writing(self) -> AbstractContextManager[KeyRows]: ...
