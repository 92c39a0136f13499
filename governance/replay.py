"""The log as the projections' runner reads it: bodies opened, erasures and models as steps."""

from collections.abc import Sequence

from domain.acts import ModelRetired, ModelTrained, PolicyPublished, Removal, parse
from domain.errors import Damaged, PolicyChanged
from domain.log import Log, Stored
from governance.keyring import EVIDENCE, Keyring
from governance.sealing import DataKey, open_body
from projections.runner import Forgot, Passed, Retired, Step, Told, Trained

UNFOLDED = frozenset({EVIDENCE, "disclosure"})


class Replay:
    """Implements the runner's `History` over the log and the keyring."""

    def __init__(self, log: Log, keyring: Keyring, policy_version: int | None = None) -> None:
        self._log = log
        self._policy_version = policy_version  # that the fold follows; None: whatever comes
        self._keyring = keyring

    def head(self) -> int:
        """How many entries there are."""
        return self._log.head().size

    def read(self, *, after: int, limit: int) -> Sequence[Step]:
        """Raises Damaged for a body that does not open under its own living key."""
        stored = self._log.read(after=after, limit=limit)
        keys = self._keyring.find({one.key_id for one in stored if one.key_id is not None and one.sealed is not None})
        return [self._step(one, keys) for one in stored]

    def _step(self, one: Stored, keys: dict[bytes, DataKey]) -> Step:
        if one.act is not None:
            return self._act(one)
        key = keys.get(one.key_id or b"")
        if key is None or one.sealed is None or key.klass in UNFOLDED:
            return Passed(one.position)
        try:
            return Told(one.position, key.subject, open_body(key, one.entry_id, one.sealed))
        except Damaged as error:
            raise Damaged(str(error), one.position) from error

    def _act(self, one: Stored) -> Step:
        if one.act not in STEPS:
            return Passed(one.position)
        act = parse(one.act, one.fields or "{}")
        if isinstance(act, PolicyPublished):
            if self._policy_version is not None and act.version > self._policy_version:
                raise PolicyChanged
            return Passed(one.position)
        if isinstance(act, Removal):
            with self._keyring.database.reading() as rows:
                keys = rows.keys([bytes.fromhex(key) for key in act.keys])
            return Forgot(one.position, tuple(sorted({row.subject for row in keys})))
        if isinstance(act, ModelTrained):
            return Trained(one.position, act.model, act.scorer, act.version, act.through)
        assert isinstance(act, ModelRetired)
        return Retired(one.position, act.model)


STEPS = frozenset({"policy_published", "erasure_intended", "model_trained", "model_retired"})
