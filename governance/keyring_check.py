"""The keyring and the streams of a live store against what its log tells: an auditor with a bundle cannot see these."""

from array import array
from collections.abc import Collection, Sequence

from domain.errors import KeyMismatch, LetheError
from governance.completeness import NONE, Completeness
from governance.findings import Report
from governance.keyrows import KeyRow
from governance.store import Store

KEYS_A_LOOK, STREAMS_A_LOOK = 2000, 5000


class KeyringCheck:
    """Looks at every key and every stream once, after the whole log was followed; compares when the acts are known."""

    def __init__(self, store: Store, report: Report, log: Completeness, size: int) -> None:
        self._store = store
        self._report = report
        self._log = log
        self._size = size
        self._handles = array("q", [NONE]) * len(log.numbers)  # by key: the stream of its subject
        self._is_whole = len(log.key_at) == size
        self._kept = self._keys()
        self._listed = self._streams() if self._is_whole else b""

    def compare(self, gone: Collection[int]) -> None:
        """What should be there and is not, less the keys (by number) that acts took away."""
        for number, is_kept in enumerate(self._kept):
            created = self._log.created[number]
            if not is_kept and created != NONE and number not in gone:
                self._add("missing", created, "keyring.data_key", "a key is gone and no act covers it")
        for position, is_listed in enumerate(self._listed):
            number = self._log.key_at[position]
            if not is_listed and number != NONE and number not in gone:
                self._add("missing", position, "log.stream", "no stream leads to this entry")

    def _keys(self) -> bytearray:
        """Every row of the keyring against the acts; by key, whether its row is there."""
        kept = bytearray(len(self._log.numbers))
        after: bytes | None = None
        while True:
            with self._store.keyring.database.reading() as rows:
                found, born = rows.keys_after(after, limit=KEYS_A_LOOK), rows.number("born")
                subjects = rows.subjects({row.subject for row in found})
            if not found:
                return kept
            after = found[-1].key_id
            known = [row for row in found if row.key_id in self._log.numbers]
            for row in known:
                number = self._log.numbers[row.key_id]
                kept[number] = True
                if row.subject in subjects:
                    self._handles[number] = subjects[row.subject].handle
                else:
                    self._add("missing", row.committed_at, "keyring.subject", "whose key this is is gone")
                if row.key_id in self._log.destroyed:
                    at = self._log.destroyed[row.key_id]
                    self._add("incomplete_erasure", at, "keyring.data_key", "a key that the act destroyed is there")
            self._opened(known)
            for row in found:
                if self._is_whole and row.key_id not in self._log.numbers and not self._is_newer(row, born):
                    self._add("commitment", row.committed_at, "keyring.data_key", "no act committed to this key")

    def _is_newer(self, row: KeyRow, born: int) -> bool:
        """Whether a key came after the size that is checked, or its append is under way or was interrupted."""
        newest = self._store.log.head().size
        if row.committed_at >= newest:
            return row.born == born >= newest
        return row.committed_at >= self._size and row.key_id.hex() in self._log.commitments(row.committed_at)

    def _opened(self, rows: Sequence[KeyRow]) -> None:
        """All at once; one by one where one of them fails."""
        try:
            self._store.keyring.check(rows)
        except LetheError as error:
            if len(rows) > 1:
                for row in rows:
                    self._opened([row])
                return
            is_other = isinstance(error, KeyMismatch)
            reason = "a key is not the one committed" if is_other else "a wrapped key does not open"
            self._add("commitment", rows[0].committed_at, "keyring.data_key.wrapped", reason)

    def _streams(self) -> bytearray:
        """Every row of a stream against the entries; by position, whether there is one."""
        listed, newest = bytearray(self._size), self._size
        key_at = self._log.key_at
        after: tuple[int, int] | None = None
        while rows := self._store.log.streams(after=after, limit=STREAMS_A_LOOK):
            after = rows[-1]
            if any(position >= newest for _, position in rows):
                newest = self._store.log.head().size
            for handle, position in rows:
                if self._size <= position < newest:
                    continue
                number = key_at[position] if 0 <= position < self._size else NONE
                if number == NONE or listed[position] or handle != self._handles[number] != NONE:
                    self._add("altered", position, "log.stream", "a stream leads where nothing of its person is")
                if number != NONE:
                    listed[position] = True
        return listed

    def _add(self, name: str, position: int | None, where: str, reason: str) -> None:
        self._report.add(name, position, where, reason)
