"""The states that a runner holds between two saves, and what the steps of the log do to them."""

from collections.abc import Callable, Collection, Mapping

from domain.bodies import Body
from domain.meaning import FoldConfig
from projections import population, statistic
from projections import state as states
from projections.scorers import model as models
from projections.scorers.catalogue import SCORERS
from projections.state import State
from projections.telling import tell

Rows = dict[bytes, bytes | None]
Shared = dict[str, bytes | None]

_BYTES_A_ROW_BYTE = 12  # measured: a decoded state takes about so much for each byte of its row
_BYTES_AN_EVENT = 250


class Working:
    """Decoded states by subject. A stub leads to the root that absorbed its subject."""

    def __init__(
        self,
        load: Callable[[Collection[bytes]], dict[bytes, bytes]],
        shared: Mapping[str, bytes],
        config: FoldConfig,
    ) -> None:
        self.size_bytes = 0  # an estimate
        self._load = load
        self._config = config
        self._states: dict[bytes, State] = {}
        self._known: set[bytes] = set()  # loaded, or found to have no row
        self._changed: set[bytes] = set()
        self._gone: set[bytes] = set()
        self._statistics = population.fresh()
        for name in self._statistics:
            if row := shared.get(f"statistic/{name}"):
                self._statistics[name] = statistic.decode(row)
        self._stale = set(self._statistics) if not shared else set()  # statistics whose row must be written
        self._models: dict[str, str] = {  # scorer -> id of its live model
            key.removeprefix("model/"): models.decode(row).model_id
            for key, row in shared.items()
            if key.startswith("model/")
        }
        self._new_models: Shared = {}

    def prepare(self, subjects: Collection[bytes]) -> None:
        """Load what is not known yet of these subjects, and of those that absorbed them."""
        unknown = set(subjects) - self._known
        while unknown:
            self._known |= unknown
            found: set[bytes] = set()
            for subject, row in self._load(sorted(unknown)).items():
                state = self._states[subject] = states.decode(row)
                self.size_bytes += _BYTES_A_ROW_BYTE * len(row)
                if state.into:
                    found.add(state.into)
            unknown = found - self._known

    def tell(self, subject: bytes, body: Body) -> None:
        """Fold a body into the state of the subject or of its root; a merge in it is done at once."""
        root, state = self._root(subject)
        self._changed.add(root)
        self.size_bytes += _BYTES_AN_EVENT * len(body.values)
        for into in tell(state, body, self._config):
            self._merge(subject, into)

    def forget(self, subjects: Collection[bytes]) -> None:
        """Subtract and drop these subjects, and every live model; subjects of whom nothing is known are fine."""
        self.prepare(subjects)
        for subject in subjects:
            state = self._states.pop(subject, None)
            if state is not None:
                self._stale |= population.withdraw(state, self._statistics)
                self._changed.discard(subject)
                self._gone.add(subject)
        for scorer in list(self._models):
            self._drop_model(scorer)

    def train(self, model_id: str, scorer: str, version: int, *, through: int) -> None:
        """Fit on the statistics as they stand. Too little data, or an unknown scorer, leaves no live model."""
        self._drop_model(scorer)
        known = SCORERS.get(scorer)
        if known is None or known.version != version:
            return
        self._settle()
        fitted = known.fit(self._statistics[known.statistic], self._config)
        if fitted is not None:
            self._models[scorer] = model_id
            self._new_models[f"model/{scorer}"] = models.encode(models.named(fitted, model_id, through))

    def retire(self, model_id: str) -> None:
        """Drop the model of this id if it is live."""
        for scorer in [scorer for scorer, live in self._models.items() if live == model_id]:
            self._drop_model(scorer)

    def settled(self) -> tuple[Rows, Shared]:
        """Everything to save since the last time, None for what is gone; then nothing is held any more."""
        self._settle()
        rows: Rows = dict.fromkeys(self._gone)
        rows |= {subject: states.encode(self._states[subject]) for subject in self._changed}
        shared: Shared = {f"statistic/{name}": statistic.encode(self._statistics[name]) for name in self._stale}
        shared |= self._new_models
        for held in (self._states, self._known, self._changed, self._gone, self._stale, self._new_models):
            held.clear()
        self.size_bytes = 0
        return rows, shared

    def _root(self, subject: bytes) -> tuple[bytes, State]:
        """The subject that stands for this one now, with its state, a new one if there is none."""
        state = self._states.get(subject)
        while state is None or state.into:
            if state is not None:
                subject = state.into
            self.prepare((subject,))
            state = self._states.get(subject)
            if state is None:
                state = self._states[subject] = states.empty()
        return subject, state

    def _merge(self, absorbed: bytes, into: bytes) -> None:
        subject, state = self._root(absorbed)
        root, target = self._root(into)
        if subject == root:
            return
        self._stale |= population.withdraw(state, self._statistics)
        states.merge(target, state)
        target.identity.members.add(subject)
        self._states[subject] = State(into=into)
        self._changed |= {subject, root}

    def _settle(self) -> None:
        changed = [self._states[subject] for subject in sorted(self._changed)]
        self._stale |= population.settle(changed, self._statistics, self._config)

    def _drop_model(self, scorer: str) -> None:
        if self._models.pop(scorer, None) is not None:
            self._new_models[f"model/{scorer}"] = None
