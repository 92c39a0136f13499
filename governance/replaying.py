"""Projections as they were: the log folded again up to a point, minus what was removed since, and compared.

States live in memory alone (`governance.scratch`): nothing that serves is read or written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from domain.acts import PolicyPublished, parse
from domain.clock import day_name
from domain.errors import Damaged, MovedOn
from domain.log import Stored
from domain.meaning import FoldConfig
from domain.proofs import frontier_at
from governance.attesting import ATTEST, Attestation, attestations, digests, is_under
from governance.findings import EXIT, Finding
from governance.moments import Point, day_at
from governance.policy import load
from governance.projecting import REBUILDS, Progress
from governance.removals import INTENDED, REMOVALS, all_removals
from governance.replay import Replay
from governance.roles import require
from governance.scratch import Scratch
from governance.store import Store
from governance.withheld import Withheld
from projections import state, statistic
from projections.runner import catch_up
from projections.scorers import model

MATCHES: Final = "matches"
DIFFERS: Final = "differs"
SUPERSEDED: Final = "superseded"


@dataclass(slots=True)
class Replayed:
    """What projections were at a point, as far as it can still be told."""

    as_of: str
    position: int
    root: str  # of the tree up to there
    day: str
    policy_version: int
    subjects: int
    statistics: list[dict[str, Any]]
    models: list[dict[str, Any]]
    withheld: dict[str, int]  # entries by cause
    attested: list[dict[str, Any]]
    findings: list[Finding] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        return EXIT["replay"] if self.findings else 0


def replay_as_of(store: Store, point: Point, *, progress: Progress | None = None) -> Replayed:
    """Fold the log up to a point, and compare with what was attested on the way. Changes nothing.

    Begins again when a removal crosses it. Raises NotPermitted, ScratchFull, and MovedOn when that does not end.
    """
    require(store, "audit")
    for _ in range(REBUILDS):
        before = _removals(store)
        try:
            found = _replayed(store, point, progress)
        except Damaged:  # perhaps of a body whose key went meanwhile
            if _removals(store) == before:
                raise
            continue
        if _removals(store) == before:
            return found
    raise MovedOn("removals cross this replay again and again")


def states_at(store: Store, position: int) -> Scratch:
    """Every state, statistic and model as of a position, minus what was removed since."""
    scratch = Scratch()
    _fold(store, scratch, position, _Policies(store), _ignored)
    return scratch


def _replayed(store: Store, point: Point, progress: Progress | None) -> Replayed:
    policies, withheld = _Policies(store), Withheld(store)
    known = [one for one in attestations(store) if one.act.through <= point.position]
    open_ones = _checkable(store, known)
    verdicts = {one.entry.position: SUPERSEDED for one in known}
    last = policies.version(point.position)
    for version in sorted({policies.version(one.act.through) for one in open_ones} | {last}):  # `last` comes last
        scratch = Scratch()
        note = withheld.note if version == last else _ignored
        stops = [one for one in open_ones if policies.version(one.act.through) == version]
        for through in sorted({one.act.through for one in stops}):
            _fold(store, scratch, through, policies, note, progress)
            found = _digests(store, scratch, through)
            verdicts |= {
                one.entry.position: MATCHES if found.get(one.act.name) == one.act.digest else DIFFERS
                for one in stops
                if one.act.through == through
            }
    _fold(store, scratch, point.position, policies, note, progress)
    return _report(
        store, point, last, scratch, withheld.counts(), [(one, verdicts[one.entry.position]) for one in known]
    )


def _fold(
    store: Store,
    scratch: Scratch,
    position: int,
    policies: "_Policies",
    note: Callable[[Stored], None],
    progress: Progress | None = None,
) -> None:
    """On to a position, under the policy that was in force there."""
    history = Replay(store.log, store.keyring, as_of=position, withheld=note)
    catch_up(history, scratch, policies.config(position), through=position, progress=progress)


def _ignored(_: Stored) -> None:
    """What another pass counts, or nobody."""


def _checkable(store: Store, known: Sequence[Attestation]) -> list[Attestation]:
    """Those whose key lives and that no removal came after."""
    with store.keyring.database.reading() as rows:
        secrets = store.keyring.all_secrets(rows, ATTEST).values()
    removed = max((entry.position for entry, _ in all_removals(store, INTENDED)), default=-1)
    return [one for one in known if one.act.through >= removed and any(is_under(key, one.act) for key in secrets)]


def _digests(store: Store, scratch: Scratch, through: int) -> dict[str, str]:
    with store.keyring.database.reading() as rows:
        secret = store.keyring.secret(rows, ATTEST)
    return digests(secret, through, scratch.rows(), scratch.shared())


def _report(
    store: Store,
    point: Point,
    version: int,
    scratch: Scratch,
    withheld: Mapping[str, int],
    verdicts: Sequence[tuple[Attestation, str]],
) -> Replayed:
    shared = scratch.shared()
    statistics = {
        name.partition("/")[2]: statistic.decode(row)
        for name, row in sorted(shared.items())
        if name.startswith("statistic/")
    }
    live = [model.decode(row) for name, row in sorted(shared.items()) if name.startswith("model/")]
    return Replayed(
        as_of=point.text,
        position=point.position,
        root=frontier_at(point.position + 1, store.log).root().hex(),
        day=day_name(day_at(store, point.position)),
        policy_version=version,
        subjects=sum(not state.decode(row).into for _, row in scratch.rows()),
        statistics=[
            {"name": name, "digest": one.digest(store.fold.fold_key), "subjects": one.subjects}
            for name, one in statistics.items()
        ],
        models=[
            {"model_id": one.model_id, "scorer": one.scorer, "trained_through": one.trained_through} for one in live
        ],
        withheld=dict(withheld),
        attested=[
            {"position": one.entry.position, "name": one.act.name, "through": one.act.through, "verdict": verdict}
            for one, verdict in verdicts
        ],
        findings=[
            Finding("replay", one.entry.position, one.act.name, "a replay gives another state than was attested")
            for one, verdict in verdicts
            if verdict == DIFFERS
        ],
    )


def _removals(store: Store) -> int:
    with store.keyring.database.reading() as rows:
        return rows.number(REMOVALS)


class _Policies:
    """Which policy was in force where on the log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        acts = [
            (one.position, parse("policy_published", one.fields or "")) for one in store.log.acts(["policy_published"])
        ]
        self._acts = [(at, act) for at, act in acts if isinstance(act, PolicyPublished)]
        self._configs: dict[int, FoldConfig] = {}

    def version(self, position: int) -> int:
        """Zero before the first."""
        return max((act.version for at, act in self._acts if at <= position), default=0)

    def config(self, position: int) -> FoldConfig:
        """What a fold knew of it then. Raises Damaged where the text is gone."""
        version = self.version(position)
        if version not in self._configs:
            digest = next((act.hash for _, act in self._acts if act.version == version), "")
            text = self._store.log.document(digest)
            if version and text is None:
                raise Damaged("the text of a policy is gone")
            fold_key = self._store.fold.fold_key
            self._configs[version] = (
                load(text, "policy").fold_config(fold_key) if text else FoldConfig(fold_key=fold_key)
            )
        return self._configs[version]
