"""The completeness rule: what the log tells of is there, or an act covers it; every act was carried out whole."""

from array import array
from collections.abc import Sequence
from hashlib import sha256

from domain.acts import Act, BodiesLost, KeysCreated, NoticePublished, PolicyPublished, Removal, parse
from domain.errors import KeyMismatch, LetheError
from domain.log import Entry, Log
from domain.tree import Frontier, leaf_hashes
from governance.findings import Finding, Report
from governance.keyrows import KeyRow
from governance.removals import EXECUTED, INTENDED
from governance.store import Store

KEYS_A_LOOK, STREAMS_A_LOOK = 2000, 5000
NONE = -1

Removals = dict[str, list[tuple[int, Removal]]]
"""By case: its acts with their positions, ascending."""


class Completeness:
    """Follows the log from its start, up to a size; knows beforehand which keys its acts take away, and where."""

    def __init__(self, store: Store, report: Report, size: int) -> None:
        self._store = store
        self._report = report
        self._size = size
        self._intended = _removals(store.log, INTENDED, size)
        self._executed = _removals(store.log, EXECUTED, size)
        self._doomed = _first_named(self._intended, self._executed)
        self._destroyed = _first_named(self._executed)
        acts = [act for some in self._executed.values() for _, act in some]
        self._case = {bytes.fromhex(key): act.case for act in acts for key in act.keys}
        self._removed: dict[str, list[bytes]] = {case: [] for case in self._executed}
        self._numbers: dict[bytes, int] = {}  # of keys, in the order of the log
        self._created = array("q")  # by key: the position of the first act that commits to it
        self._handles = array("q")  # by key: the stream of its subject, as the keyring has it
        self._key_at = array("i")  # by position: the key of a data entry
        self._absent: list[int] = []
        self._lost: set[int] = set()

    def look(self, entries: Sequence[Entry], bodies: dict[int, bytes]) -> None:
        """The next entries, ascending, and the bodies between the first and the last of them."""
        self._report.entries += len(entries)
        for entry in entries:
            sealed = bodies.pop(entry.position, None)
            if entry.act is not None:
                self._key_at.append(NONE)
                self._act(entry)
                if sealed is not None:
                    self._add("altered", entry.position, "log.body", "a body lies where no data entry is")
            else:
                self._key_at.append(self._number(entry.key_id or b""))
                self._data(entry, sealed)
        for position in bodies:
            self._add("altered", position, "log.body", "a body lies where no data entry is")

    def finish(self) -> None:
        """What only the whole log can tell: uncovered gaps, counts and roots of acts, keys, streams.

        The acts are read again last: what an erasure took away meanwhile is covered.
        """
        is_whole = len(self._key_at) == self._size
        kept = self._keys(is_whole)
        listed = self._streams() if is_whole else b""
        intended, executed = (_removals(self._store.log, names) for names in (INTENDED, EXECUTED))
        doomed = _first_named(intended, executed)
        gone = {self._numbers[key] for key in doomed if key in self._numbers}
        for position in self._absent:
            if position not in self._lost and self._key_at[position] not in gone:
                self._add("missing", position, "log.body", "the body is gone and no act covers it")
        for number, is_kept in enumerate(kept):
            if not is_kept and self._created[number] != NONE and number not in gone:
                self._add("missing", self._created[number], "keyring.data_key", "a key is gone and no act covers it")
        excused = gone | {NONE}
        for position, is_listed in enumerate(listed):
            if not is_listed and self._key_at[position] not in excused:
                self._add("missing", position, "log.stream", "no stream leads to this entry")
        if is_whole:
            self._erasures(executed)

    def intent(self, case: str) -> int | None:
        """Where the erasure of a case was put on the log."""
        return next((position for position, _ in self._intended.get(case, [])), None)

    def _data(self, entry: Entry, sealed: bytes | None) -> None:
        key_id, content = entry.key_id or b"", entry.content or b""
        if self._created[self._number(key_id)] == NONE:
            self._add("commitment", entry.position, "log.entry.key_id", "no act committed to this key before its use")
        if key_id in self._case:
            self._removed[self._case[key_id]].append(content)
        if entry.position > self._doomed.get(key_id, entry.position):
            self._add("incomplete_erasure", entry.position, "log.entry", "appended under a key that was to go")
        elif sealed is None:
            self._absent.append(entry.position)
        elif key_id in self._destroyed:
            self._add("incomplete_erasure", entry.position, "log.body", "the body of an erased person is there")
        if sealed is not None:
            self._report.bodies += 1
            if sha256(sealed).digest() != content:
                self._add("altered", entry.position, "log.body.sealed", "the body is not the one that was appended")

    def _act(self, entry: Entry) -> None:
        act = _parsed(entry)
        if act is None:
            self._add("altered", entry.position, "log.entry.fields", "the act is not one of the vocabulary")
        elif isinstance(act, KeysCreated):
            self._commit(entry.position, act)
        elif isinstance(act, BodiesLost):
            self._lost.update(act.positions)
        elif isinstance(act, PolicyPublished | NoticePublished):
            text = self._store.log.document(act.hash)
            if text is None or sha256(text.encode()).hexdigest() != act.hash:
                self._add("altered", entry.position, "log.document", "a text is not the one published")

    def _commit(self, position: int, act: KeysCreated) -> None:
        """The first commitment to a key counts."""
        for key, value in act.keys:
            number = self._number(bytes.fromhex(key))
            if self._created[number] == NONE:
                self._created[number] = position
            elif (key, value) != next((one for one in self._keys_of(self._created[number]) if one[0] == key), None):
                self._add("commitment", position, "log.entry.fields", "a key was committed to otherwise before")

    def _keys_of(self, position: int) -> list[tuple[str, str]]:
        acts = [_parsed(entry) for entry in self._store.log.contents([position])]
        return [pair for act in acts if isinstance(act, KeysCreated) for pair in act.keys]

    def _number(self, key_id: bytes) -> int:
        number = self._numbers.setdefault(key_id, len(self._numbers))
        if number == len(self._created):
            self._created.append(NONE)
            self._handles.append(NONE)
        return number

    def _keys(self, is_whole: bool) -> bytearray:
        """Every row of the keyring against the acts; by key, whether its row is there."""
        kept = bytearray(len(self._numbers))
        after: bytes | None = None
        while True:
            with self._store.keyring.database.reading() as rows:
                found, born = rows.keys_after(after, limit=KEYS_A_LOOK), rows.number("born")
                subjects = rows.subjects({row.subject for row in found})
            if not found:
                return kept
            after = found[-1].key_id
            known = [row for row in found if row.key_id in self._numbers]
            for row in known:
                number = self._numbers[row.key_id]
                kept[number] = True
                if row.subject in subjects:
                    self._handles[number] = subjects[row.subject].handle
                else:
                    self._add("missing", row.committed_at, "keyring.subject", "whose key this is is gone")
                if row.key_id in self._destroyed:
                    at = self._destroyed[row.key_id]
                    self._add("incomplete_erasure", at, "keyring.data_key", "a key that the act destroyed is there")
            self._opened(known)
            for row in found:
                if is_whole and row.key_id not in self._numbers and not self._is_newer(row, born):
                    self._add("commitment", row.committed_at, "keyring.data_key", "no act committed to this key")

    def _is_newer(self, row: KeyRow, born: int) -> bool:
        """Whether a key came after the size that is checked, or its append is under way or was interrupted."""
        newest = self._store.log.head().size
        if row.committed_at >= newest:
            return row.born == born >= newest
        return row.committed_at >= self._size and row.key_id.hex() in dict(self._keys_of(row.committed_at))

    def _opened(self, rows: Sequence[KeyRow]) -> None:
        try:
            self._store.keyring.check(sorted(rows, key=lambda row: row.committed_at))
        except KeyMismatch as error:
            self._add("commitment", error.position, "keyring.data_key.wrapped", "a key is not the one committed")
        except LetheError:
            self._add("commitment", None, "keyring.data_key.wrapped", "a wrapped key does not open")

    def _streams(self) -> bytearray:
        """Every row of a stream against the entries; by position, whether there is one."""
        listed, newest = bytearray(self._size), self._size
        after: tuple[int, int] | None = None
        while rows := self._store.log.streams(after=after, limit=STREAMS_A_LOOK):
            after = rows[-1]
            if any(position >= newest for _, position in rows):
                newest = self._store.log.head().size
            for handle, position in rows:
                if self._size <= position < newest:
                    continue
                number = self._key_at[position] if 0 <= position < self._size else NONE
                if number == NONE or listed[position] or handle != self._handles[number] != NONE:
                    self._add("altered", position, "log.stream", "a stream leads where nothing of its person is")
                if number != NONE:
                    listed[position] = True
        return listed

    def _erasures(self, executed: Removals) -> None:
        for case, acts in self._executed.items():
            self._report.erasures += 1
            (at, first), evidence, contents = acts[0], _evidence(acts), sorted(self._removed[case])
            if evidence != _evidence(self._intended.get(case, [])):
                self._add("incomplete_erasure", at, "log.entry.fields", "what was executed is not what was intended")
            elif [part for *_, part in evidence] != [(place + 1, len(acts)) for place in range(len(acts))]:
                self._add("incomplete_erasure", at, "log.entry.fields", "a part of the act is not there")
            elif (first.entries, first.bodies) != (len(contents), len(contents)):
                self._add("incomplete_erasure", at, "log.entry.fields", "the act counts other entries")
            elif Frontier().extended(leaf_hashes(contents)).root().hex() != first.root:
                self._add("incomplete_erasure", at, "log.entry.fields", "the act's root is of other contents")
        for case, acts in self._intended.items():
            if case not in executed:
                self._add("incomplete_erasure", acts[0][0], "log.entry", "an erasure was intended and not executed")

    def _add(self, name: str, position: int | None, where: str, reason: str) -> None:
        self._report.findings.append(Finding(name, position, where, reason))


def _removals(log: Log, names: Sequence[str], size: int | None = None) -> Removals:
    """What does not parse is left out: the walk finds it."""
    found: Removals = {}
    for entry in log.acts(names):
        act = _parsed(entry)
        if isinstance(act, Removal) and (size is None or entry.position < size):
            found.setdefault(act.case, []).append((entry.position, act))
    return found


def _first_named(*removals: Removals) -> dict[bytes, int]:
    """By key: the first position of an act that takes it away."""
    named: dict[bytes, int] = {}
    acts = [one for some in removals for acts in some.values() for one in acts]
    for position, act in sorted(acts, key=lambda one: one[0]):
        for key in act.keys:
            named.setdefault(bytes.fromhex(key), position)
    return named


def _evidence(acts: Sequence[tuple[int, Removal]]) -> list[tuple[list[str], int, int, str, tuple[int, int]]]:
    return [(act.keys, act.entries, act.bodies, act.root, (act.part, act.parts)) for _, act in acts]


def _parsed(entry: Entry) -> Act | None:
    """The act, if it is one of the vocabulary whose keys are hex."""
    try:
        act = parse(entry.act or "", entry.fields or "")
        if isinstance(act, Removal | KeysCreated):
            [bytes.fromhex(key if isinstance(key, str) else key[0]) for key in act.keys]
    except (KeyError, ValueError):
        return None
    return act
