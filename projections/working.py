"""What was told since the last save, by subject, and how it is added to what is saved of them.

Only what is new is held in memory: pieces merge, so a save adds them to each saved state, one state at a time.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

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

ROWS_AT_ONCE = 500
SUBJECTS_AT_MOST = 20_000
_BYTES_A_SUBJECT = 2500  # measured, roughly: what new pieces take before the first event
_BYTES_AN_EVENT = 350


class Working:
    """New pieces, merges and removals since the last save; statistics and models as of the last save."""

    def __init__(
        self,
        load: Callable[[Collection[bytes]], dict[bytes, bytes]],
        shared: Mapping[str, bytes],
        config: FoldConfig,
    ) -> None:
        self._load = load
        self._config = config
        self._bytes = 0
        self._pieces: dict[bytes, State] = {}
        self._merges: list[tuple[bytes, bytes]] = []  # (absorbed, into), in log order
        self._gone: set[bytes] = set()
        self._rows: Rows = {}
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

    def is_full(self, working_bytes: int) -> bool:
        """Whether it is time to save: by an estimate of the memory held, or by how many subjects are concerned."""
        return self._bytes > working_bytes or len(self._pieces) > SUBJECTS_AT_MOST

    def tell(self, subject: bytes, body: Body) -> None:
        """Fold a body into the new pieces of the subject."""
        piece = self._pieces.get(subject)
        if piece is None:
            piece = self._pieces[subject] = states.empty()
            self._bytes += _BYTES_A_SUBJECT
        self._bytes += _BYTES_AN_EVENT * len(body.values)
        self._merges += [(subject, into) for into in tell(piece, body, self._config)]

    def forget(self, subjects: Collection[bytes]) -> None:
        """Drop these subjects, and every live model; subjects of whom nothing is known are fine."""
        for subject in subjects:
            self._pieces.pop(subject, None)
            self._gone.add(subject)
        self._merges = [pair for pair in self._merges if pair[0] not in self._gone]
        for scorer in list(self._models):
            self._drop_model(scorer)

    def refold(self, subjects: Collection[bytes], own: Callable[[Collection[bytes]], Iterable[Body]]) -> None:
        """Replace the saved states of these subjects by what `own` bodies of theirs make; live models go.

        Comes right after a save, and right before one.
        """
        for scorer in list(self._models):
            self._drop_model(scorer)
        for root in sorted({self._root(subject) for subject in subjects}):
            before = self._current(root)
            self._stale |= population.withdraw(before, self._statistics)
            self._anew(root, before.identity.members, own)

    def separate(self, absorbed: bytes, own: Callable[[Collection[bytes]], Iterable[Body]]) -> None:
        """Undo the merge of a subject: each side is folded anew from its own bodies; live models go.

        Comes right after a save, and right before one, as `refold`; nothing to do where nothing was merged.
        """
        for scorer in list(self._models):
            self._drop_model(scorer)
        root = self._root(absorbed)
        if root == absorbed:
            return
        before = self._current(root)
        theirs = {one for one in before.identity.members if absorbed in self._way_up(one)}
        self._stale |= population.withdraw(before, self._statistics)
        self._anew(root, before.identity.members - theirs, own)
        self._anew(absorbed, theirs - {absorbed}, own)

    def train(self, model_id: str, scorer: str, version: int, *, through: int) -> None:
        """Fit on the statistics as they were saved. Too little data, or an unknown scorer, leaves no live model."""
        self._drop_model(scorer)
        known = SCORERS.get(scorer)
        if known is None or known.version != version:
            return
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
        self._remove()
        moved = [pair for some in _chunks(sorted(self._pieces)) for pair in self._add(some)]
        for into, piece in moved:
            self._update(self._root(into), piece)
        for absorbed, into in self._merges:
            self._merge(absorbed, into)
        rows, self._rows = self._rows, {}
        shared: Shared = {f"statistic/{name}": statistic.encode(self._statistics[name]) for name in self._stale}
        shared |= self._new_models
        self._pieces, self._merges, self._gone = {}, [], set()
        self._stale, self._new_models = set(), {}
        self._bytes = 0
        return rows, shared

    def _remove(self) -> None:
        """Take what the statistics hold of those who are gone out of them, and their rows away."""
        for some in _chunks(sorted(self._gone)):
            for subject, row in self._load(some).items():
                self._stale |= population.withdraw(states.decode(row), self._statistics)
                self._rows[subject] = None

    def _add(self, subjects: Collection[bytes]) -> Iterator[tuple[bytes, State]]:
        """Add new pieces to saved states. Yields those whose subject was absorbed before, with its successor."""
        saved = self._load([subject for subject in subjects if subject not in self._gone])
        for subject in subjects:
            row, piece = saved.get(subject), self._pieces.pop(subject)
            state = piece if row is None else states.decode(row)
            if state.into:
                yield state.into, piece
                continue
            if row is not None:
                states.merge(state, piece)
            self._keep(subject, state)

    def _update(self, subject: bytes, piece: State) -> None:
        state = self._current(subject)
        states.merge(state, piece)
        self._keep(subject, state)

    def _merge(self, absorbed: bytes, into: bytes) -> None:
        subject, root = self._root(absorbed), self._root(into)
        if subject == root:
            return
        state, target = self._current(subject), self._current(root)
        self._stale |= population.withdraw(state, self._statistics)
        states.merge(target, state)
        target.identity.members.add(subject)
        self._rows[subject] = states.encode(State(into=into))
        self._keep(root, target)

    def _anew(
        self, root: bytes, members: Collection[bytes], own: Callable[[Collection[bytes]], Iterable[Body]]
    ) -> None:
        state, is_empty = states.empty(), True
        for body in own({root, *members}):
            tell(state, body, self._config)
            is_empty = False
        state.identity.members |= set(members)
        if is_empty:
            self._rows[root] = None
        else:
            self._keep(root, state)

    def _keep(self, subject: bytes, state: State) -> None:
        self._stale |= population.settle((state,), self._statistics, self._config)
        self._rows[subject] = states.encode(state)

    def _root(self, subject: bytes) -> bytes:
        """The subject that stands for this one now."""
        return self._way_up(subject)[-1]

    def _way_up(self, subject: bytes) -> list[bytes]:
        """Itself, whom it was absorbed into, and so on to the one that stands for them all."""
        way = [subject]
        while (into := self._current(way[-1]).into) and into not in way:
            way.append(into)
        return way

    def _current(self, subject: bytes) -> State:
        if subject in self._rows:
            row = self._rows[subject]
        else:
            row = None if subject in self._gone else self._load((subject,)).get(subject)
        return states.decode(row) if row is not None else states.empty()

    def _drop_model(self, scorer: str) -> None:
        if self._models.pop(scorer, None) is not None:
            self._new_models[f"model/{scorer}"] = None


def _chunks(subjects: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(subjects), ROWS_AT_ONCE):
        yield subjects[start : start + ROWS_AT_ONCE]
