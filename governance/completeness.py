"""The completeness rule: every body is there, or an act covers it; every act was carried out whole."""

from collections.abc import Sequence
from hashlib import sha256

from domain.acts import BodiesLost, KeysCreated, Removal, parse
from domain.errors import KeyMismatch, LetheError
from domain.log import Entry
from domain.tree import Frontier, leaf_hashes
from governance.findings import Finding, Report
from governance.store import Store

KEYS_A_LOOK = 2000


class Completeness:
    """Follows the log from its start; knows from the acts which keys were destroyed, and where."""

    def __init__(self, report: Report, executed: Sequence[tuple[Entry, Removal]]) -> None:
        self._report = report
        self._executed = executed
        self._doomed = {bytes.fromhex(key): entry.position for entry, act in executed for key in act.keys}
        self._case = {bytes.fromhex(key): act.case for _, act in executed for key in act.keys}
        self._removed: dict[str, list[bytes]] = {act.case: [] for _, act in executed}
        self._committed: dict[bytes, int] = {}
        self._absent: list[int] = []
        self._lost: set[int] = set()

    def look(self, entries: Sequence[Entry], bodies: dict[int, bytes]) -> None:
        """The next entries, ascending, and the bodies between the first and the last of them."""
        self._report.entries += len(entries)
        for entry in entries:
            sealed = bodies.pop(entry.position, None)
            if entry.act is not None:
                self._act(entry)
                if sealed is not None:
                    self._add("altered", entry.position, "log.body", "a body lies where no data entry is")
            else:
                self._data(entry, sealed)
        for position in bodies:
            self._add("altered", position, "log.body", "a body lies where no data entry is")

    def finish(self, store: Store) -> None:
        """What only the whole log can tell: uncovered gaps, counts and roots of acts, keys."""
        for position in self._absent:
            if position not in self._lost:
                self._add("missing", position, "log.body", "the body is gone and no act covers it")
        for entry, act in self._executed:
            if act.part == 1:
                self._evidence(entry, act)
        self._keys(store)

    def _data(self, entry: Entry, sealed: bytes | None) -> None:
        key_id, content = entry.key_id or b"", entry.content or b""
        if key_id not in self._committed:
            self._add("commitment", entry.position, "log.entry.key_id", "no act committed to this key before its use")
        gone = self._doomed.get(key_id)
        if gone is not None:
            self._removed[self._case[key_id]].append(content)
            if entry.position > gone:
                self._add("incomplete_erasure", entry.position, "log.entry", "appended under a key that was destroyed")
            elif sealed is not None:
                self._add("incomplete_erasure", entry.position, "log.body", "the body of an erased person is there")
        elif sealed is None:
            self._absent.append(entry.position)
        if sealed is not None:
            self._report.bodies += 1
            if sha256(sealed).digest() != content:
                self._add("altered", entry.position, "log.body.sealed", "the body is not the one that was appended")

    def _act(self, entry: Entry) -> None:
        try:
            act = parse(entry.act or "", entry.fields or "")
        except (KeyError, ValueError):
            self._add("altered", entry.position, "log.entry.fields", "the act is not one of the vocabulary")
            return
        if isinstance(act, KeysCreated):
            self._committed.update((bytes.fromhex(key), entry.position) for key, _ in act.keys)
        elif isinstance(act, BodiesLost):
            self._lost.update(act.positions)

    def _evidence(self, entry: Entry, act: Removal) -> None:
        self._report.erasures += 1
        contents = sorted(self._removed[act.case])
        if act.entries != len(contents):
            self._add("incomplete_erasure", entry.position, "log.entry.fields", "the act counts other entries")
        elif Frontier().extended(leaf_hashes(contents)).root().hex() != act.root:
            self._add("incomplete_erasure", entry.position, "log.entry.fields", "the act's root is of other contents")

    def _keys(self, store: Store) -> None:
        ids = sorted(self._committed)
        for start in range(0, len(ids), KEYS_A_LOOK):
            with store.keyring.database.reading() as rows:
                found = rows.keys(ids[start : start + KEYS_A_LOOK])
            for row in found:
                if row.key_id in self._doomed:
                    at = self._doomed[row.key_id]
                    self._add("incomplete_erasure", at, "keyring.data_key", "a key that the act destroyed is there")
            try:
                store.keyring.check(found)
            except KeyMismatch as error:
                self._add("commitment", error.position, "keyring.data_key.wrapped", "a key is not the one committed")
            except LetheError:
                self._add("commitment", None, "keyring.data_key.wrapped", "a wrapped key does not open")

    def _add(self, name: str, position: int | None, where: str, reason: str) -> None:
        self._report.findings.append(Finding(name, position, where, reason))
