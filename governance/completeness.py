"""The completeness rule: what the log tells of is there, or an act covers it; every act was carried out whole.

The same for a live store and for a bundle: it needs the entries and bodies in order, and little else of either.
"""

from array import array
from collections.abc import Iterator, Sequence
from hashlib import sha256

from domain.leaves import CONTENT_BYTES, Stretch
from domain.log import Entry
from domain.tree import Frontier, leaf_hashes
from domain.vocabulary import EXECUTED, INTENDED, Fields, NotAnAct, read_act
from governance.evidence import Evidence, Removals, evidence_of, fields_of, first_named, removals
from governance.findings import Report

NONE = -1

ACT, FIELDS, BODY = "log.entry", "log.entry.fields", "log.body"


class Completeness:
    """Follows the log from its start, up to a size; knows beforehand which keys its acts take away, and where."""

    def __init__(self, evidence: Evidence, report: Report, size: int) -> None:
        self._evidence = evidence
        self._report = report
        self._size = size
        self._intended = removals(evidence, INTENDED, size)
        self._executed = removals(evidence, EXECUTED, size)
        self._doomed = first_named(self._intended, self._executed)
        self.destroyed = first_named(self._executed)
        """By key: where the act is that destroyed it."""
        told = [one.fields for acts in self._executed.values() for one in acts]
        self._case = {bytes.fromhex(key): fields["case"] for fields in told for key in fields["keys"]}
        self._removed: dict[str, list[bytes]] = {case: [] for case in self._executed}
        self._holds: dict[str, bool] = {}  # whether it is open
        self.numbers: dict[bytes, int] = {}  # of keys, in the order of the log
        self.created = array("q")  # by key: the position of the first act that commits to it
        self.key_at = array("i")  # by position: the key of a data entry
        self._absent = array("q")
        self._lost: set[int] = set()
        self._is_every_key_committed = True

    def look(self, stretch: Stretch, bodies: Sequence[bytes | None]) -> None:
        """The next entries, and the body of each or None."""
        self._report.entries += len(stretch.keys)
        for position, reason in stretch.unread:
            self._add("altered", position, ACT, reason)
        for entry in stretch.acts:  # First: a key may be used further on in the stretch that commits to it.
            self._act(entry)
        numbers = list(map(self.numbers.get, stretch.keys))  # type: ignore[arg-type]
        sealed = bodies if None not in bodies else [one for one in bodies if one is not None]
        self._report.bodies += len(sealed)
        digests = [sha256(one).digest() for one in sealed]  # type: ignore[arg-type]
        if not self._is_ordinary(stretch, numbers, digests, bodies):
            numbers = self._one_by_one(stretch, bodies, iter(digests))
        elif None in numbers:
            numbers = [NONE if number is None else number for number in numbers]
        self.key_at.extend(numbers)  # type: ignore[arg-type]

    def finish(self) -> set[int]:
        """What only the whole log can tell: uncovered gaps, counts and roots of acts. Returns the keys that are gone.

        The acts are read again last: what an erasure took away meanwhile is covered.
        """
        intended, executed = (removals(self._evidence, names) for names in (INTENDED, EXECUTED))
        gone = {self.numbers[key] for key in first_named(intended, executed) if key in self.numbers}
        for position in self._absent:
            if position not in self._lost and self.key_at[position] not in gone:
                self._add("missing", position, BODY, "the body is gone and no act covers it")
        if len(self.key_at) == self._size:  # else what is missing has been said, and nothing can be counted
            self._carried_out(executed)
        return gone

    def intent(self, case: str) -> int | None:
        """Where the removal of a case was put on the log."""
        return next((one.position for one in self._intended.get(case, [])), None)

    def commitments(self, position: int) -> dict[str, str]:
        """By key: what the act at this position commits to; nothing where there is no such act."""
        found = [fields_of(entry) for entry in self._evidence.contents([position]) if entry.act == "keys_created"]
        return {key: value for fields in found if fields for key, value in fields["keys"]}

    def number(self, key_id: bytes) -> int:
        """Of a key, whether or not it was seen before."""
        found = self.numbers.get(key_id, NONE)
        if found == NONE:
            found = self.numbers[key_id] = len(self.created)
            self.created.append(NONE)
        return found

    def _is_ordinary(
        self, stretch: Stretch, numbers: list[int | None], digests: list[bytes], bodies: Sequence[bytes | None]
    ) -> bool:
        """Whether every data entry is as nearly all are: under an older key that nobody took, and with its body."""
        return (
            self._is_every_key_committed
            and b"".join(digests) == stretch.contents
            and numbers.count(None) == len(numbers) - len(digests)
            and (None not in numbers or [one is None for one in bodies] == [key is None for key in stretch.keys])
            and self._doomed.keys().isdisjoint(stretch.keys)
            and not any(entry.act == "keys_created" for entry in stretch.acts)
        )

    def _one_by_one(
        self, stretch: Stretch, bodies: Sequence[bytes | None], digests: Iterator[bytes]
    ) -> list[int | None]:
        numbers: list[int | None] = []
        taken = 0
        for position, key, sealed in zip(range(stretch.first, 1 << 63), stretch.keys, bodies, strict=False):
            digest = None if sealed is None else next(digests)
            if key is None:
                numbers.append(NONE)
                if sealed is not None:
                    self._add("altered", position, BODY, "a body lies where no data entry is")
                continue
            content = stretch.contents[taken : taken + CONTENT_BYTES]
            taken += CONTENT_BYTES
            numbers.append(self._data(position, key, content, digest))
        return numbers

    def _data(self, position: int, key: bytes, content: bytes, digest: bytes | None) -> int:
        number = self.number(key)
        if not NONE < self.created[number] < position:
            self._is_every_key_committed = False
            self._add("commitment", position, "log.entry.key_id", "no act committed to this key before its use")
        if key in self._case:
            self._removed[self._case[key]].append(content)
        if position > self._doomed.get(key, position):
            self._add("incomplete_erasure", position, ACT, "appended under a key that was to go")
        elif digest is None:
            self._absent.append(position)
        elif key in self.destroyed:
            self._add("incomplete_erasure", position, BODY, "the body of an erased person is there")
        if digest is not None and digest != content:
            self._add("altered", position, "log.body.sealed", "the body is not the one that was appended")
        return number

    def _act(self, entry: Entry) -> None:
        try:
            fields = read_act(entry.act or "", entry.fields or "")
        except NotAnAct as error:
            self._add("altered", entry.position, FIELDS, str(error))
            return
        if entry.act == "keys_created":
            self._commit(entry.position, fields)
        elif entry.act == "bodies_lost":
            self._lost.update(fields["positions"])
        elif entry.act in ("policy_published", "notice_published"):
            text = self._evidence.document(fields["hash"])
            if text is None or sha256(text.encode()).hexdigest() != fields["hash"]:
                self._add("altered", entry.position, "log.document", "a text is not the one published")
        elif entry.act in ("hold_set", "hold_released"):
            self._hold(entry.position, fields["hold"], is_set=entry.act == "hold_set")

    def _commit(self, position: int, fields: Fields) -> None:
        """The first commitment to a key counts."""
        for key, value in fields["keys"]:
            number = self.number(bytes.fromhex(key))
            if self.created[number] == NONE:
                self.created[number] = position
            elif self.commitments(self.created[number]).get(key) != value or self.created[number] == position:
                self._add("commitment", position, FIELDS, "a key was committed to otherwise before")

    def _hold(self, position: int, hold: str, *, is_set: bool) -> None:
        """Set once, released once: whom a hold concerns the log does not tell."""
        if (self._holds.get(hold) is not None) if is_set else not self._holds.get(hold):
            self._add("incomplete_erasure", position, FIELDS, "a hold is set twice, or released where none is open")
        self._holds[hold] = is_set

    def _carried_out(self, executed: Removals) -> None:
        for case, acts in self._executed.items():
            self._report.erasures += 1
            (at, first), evidence, contents = acts[0], evidence_of(acts), sorted(self._removed[case])
            if evidence != evidence_of(self._intended.get(case, [])):
                self._add("incomplete_erasure", at, FIELDS, "what was executed is not what was intended")
            elif [part for *_, part in evidence] != [(place + 1, len(acts)) for place in range(len(acts))]:
                self._add("incomplete_erasure", at, FIELDS, "a part of the act is not there")
            elif (first["entries"], first["bodies"]) != (len(contents), len(contents)):
                self._add("incomplete_erasure", at, FIELDS, "the act counts other entries")
            elif Frontier().extended(leaf_hashes(contents)).root().hex() != first["root"]:
                self._add("incomplete_erasure", at, FIELDS, "the act's root is of other contents")
        for case, acts in self._intended.items():
            if case not in executed:
                self._add("incomplete_erasure", acts[0].position, ACT, "a removal was intended and not executed")

    def _add(self, name: str, position: int | None, where: str, reason: str) -> None:
        self._report.add(name, position, where, reason)
