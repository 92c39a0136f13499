"""The log as the projections' runner reads it: bodies opened, removals and models as steps."""

from collections.abc import Callable, Collection, Iterator, Sequence

from domain.acts import ModelRetired, ModelTrained, PolicyPublished, Removal, parse
from domain.bodies import Body, pack
from domain.errors import Damaged, PolicyChanged
from domain.events import MERGED, UNMERGED, Event
from domain.log import Log, Stored
from governance.keyring import EVIDENCE, IDENTITY, Keyring
from governance.keyrows import FENCED, LIVE
from governance.policy_shape import OWN_CLASS
from governance.removals import HOLD
from governance.sealing import DataKey, open_body
from projections.runner import Forgot, Passed, Refolded, Retired, Separated, Step, Told, Trained
from projections.standing import KINDS

UNMERGES = "unmerges"
"""The keyring's number: how many merges were undone."""

UNFOLDED = frozenset({"disclosure", OWN_CLASS})


class Replay:
    """Implements the runner's `History` over the log and the keyring."""

    def __init__(
        self,
        log: Log,
        keyring: Keyring,
        policy_version: int | None = None,
        *,
        as_of: int | None = None,
        withheld: Callable[[Stored], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._policy_version = policy_version  # that the fold follows; None: whatever comes
        self._as_of = as_of  # a position: what was merged then is, whatever was undone later
        self._withheld = withheld  # told of every body that is gone or shut, as it is passed
        self._keyring = keyring
        self._unmerges = 0  # merges that were ever undone: nearly no store has to look for them in every body

    def head(self) -> int:
        """How many entries there are."""
        return self._log.head().size

    def read(self, *, after: int, limit: int) -> Iterator[Step]:
        """Bodies are opened as they are asked for. Raises Damaged for one that does not open under its living key."""
        stored = self._log.read(after=after, limit=limit)
        with self._keyring.database.reading() as rows:
            self._unmerges = rows.number(UNMERGES)
        keys = self._keyring.find({one.key_id for one in stored if one.key_id is not None and one.sealed is not None})
        return self._steps(stored, keys)

    def own(self, subjects: Collection[bytes], *, before: int) -> Iterator[Told]:
        """Raises Damaged as `read` does."""
        with self._keyring.database.reading() as rows:
            handles = [row.handle for row in rows.subjects(subjects).values()]
            self._unmerges = rows.number(UNMERGES)
        stored = self._log.at([one for one in self._log.positions(handles) if one < before])
        keys = self._keyring.find({one.key_id for one in stored if one.key_id is not None and one.sealed is not None})
        return (step for one in stored if isinstance(step := self._told(one, keys), Told))

    def _steps(self, stored: Sequence[Stored], keys: dict[bytes, DataKey]) -> Iterator[Step]:
        for one in stored:
            if one.act is None:
                if one.sealed is None or one.key_id not in keys:
                    self._withheld(one)
                yield self._told(one, keys)
            else:
                yield from self._act(one)

    def _told(self, one: Stored, keys: dict[bytes, DataKey]) -> Told | Separated | Passed:
        key = keys.get(one.key_id or b"")
        if key is None or one.sealed is None or key.klass in UNFOLDED:
            return Passed(one.position)
        try:
            body = open_body(key, one.entry_id, one.sealed)
        except Damaged as error:
            raise Damaged(str(error), one.position) from error
        if key.klass == EVIDENCE and not any(shape[0] in KINDS for shape in body.shapes):
            return Passed(one.position)  # of a case, or what nobody is counted by
        if key.klass == IDENTITY and self._unmerges:
            return self._of_merges(one.position, key.subject, body)
        return Told(one.position, key.subject, body)

    def _of_merges(self, position: int, subject: bytes, body: Body) -> Told | Separated | Passed:
        """A merge that was undone is no merge: whom it led to may be erased since, who was absorbed lives on."""
        events = body.events
        if any(event.kind == UNMERGED and "from" in event.properties for event in events):
            return Separated(position, subject)
        kept = [event for event in events if event.kind != MERGED or self._stands(position, subject, event)]
        if len(kept) < len(events):
            return Told(position, subject, pack(body.first, kept)) if kept else Passed(position)
        return Told(position, subject, body)

    def _stands(self, position: int, subject: bytes, merge: Event) -> bool:
        """Whether a merge at this position is one today, or was one as of the position that is asked for."""
        with self._keyring.database.reading() as rows:
            if self._as_of is None:
                return bool(rows.merges_of([subject]).get(subject, b"").hex() == merge.properties["into"])
            handles = [row.handle for row in rows.subjects([subject]).values()]
        stored = self._log.at([one for one in self._log.positions(handles) if position < one <= self._as_of])
        keys = self._keyring.find({one.key_id for one in stored if one.key_id is not None and one.sealed is not None})
        for one in stored:
            key = keys.get(one.key_id or b"")
            if key is not None and one.sealed is not None and key.klass == IDENTITY:
                shapes = open_body(key, one.entry_id, one.sealed).shapes
                if any(kind == UNMERGED and "from" in names for kind, _, _, _, names in shapes):
                    return False
        return True

    def _act(self, one: Stored) -> list[Step]:
        if one.act not in STEPS:
            return [Passed(one.position)]
        act = parse(one.act, one.fields or "{}")
        if isinstance(act, PolicyPublished):
            if self._policy_version is not None and act.version > self._policy_version:
                raise PolicyChanged
            return [Passed(one.position)]
        if isinstance(act, Removal):
            return self._removal(one.position, act)
        if isinstance(act, ModelTrained):
            return [Trained(one.position, act.model, act.scorer, act.version, act.through)]
        assert isinstance(act, ModelRetired)
        return [Retired(one.position, act.model)]

    def _removal(self, position: int, act: Removal) -> list[Step]:
        """Once the keys are destroyed nobody is named any more, and nothing of the bodies was told."""
        with self._keyring.database.reading() as rows:
            keys = rows.keys([bytes.fromhex(key) for key in act.keys], taken=True)
            if HOLD in act.uncovered:  # what is kept is shut as well
                keys = [*keys, *rows.keys(rows.taken_by(bytes.fromhex(act.case)), taken=True)]
            found = [*rows.subjects({row.subject for row in keys}).values()]
            if HOLD in act.uncovered:  # perhaps all that somebody has: he is named by his case alone
                found += rows.of_case(bytes.fromhex(act.case), FENCED)
        states = {row.subject: row.state for row in found}
        gone = tuple(sorted(one for one, state in states.items() if state != LIVE))
        others = tuple(sorted(one for one, state in states.items() if state == LIVE))
        return [Forgot(position, gone), Refolded(position, others)] if others else [Forgot(position, gone)]


STEPS = frozenset({"policy_published", "erasure_intended", "retention_intended", "model_trained", "model_retired"})
