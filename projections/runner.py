"""Brings projections up to the log: reads steps, folds them into states, saves states and checkpoint together."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, assert_never

from domain.bodies import Body
from domain.collector import paused
from domain.meaning import FoldConfig
from projections.working import Working


class Told(NamedTuple):
    """A body that could be opened, and whose it is."""

    position: int
    subject: bytes
    body: Body


class Passed(NamedTuple):
    """An act of no concern, or a body that is gone or cannot be opened."""

    position: int


class Forgot(NamedTuple):
    """These subjects are to be forgotten, whatever is known of them; live models go too, as they remember them."""

    position: int
    subjects: tuple[bytes, ...]


class Refolded(NamedTuple):
    """Some of what these subjects told is removed: they are folded anew from what is left of them."""

    position: int
    subjects: tuple[bytes, ...]


class Separated(NamedTuple):
    """A subject that was absorbed stands for itself again, with all that it had absorbed itself."""

    position: int
    absorbed: bytes


class Trained(NamedTuple):
    """A model is fitted on the statistics as they stand at the position before."""

    position: int
    model_id: str
    scorer: str
    version: int
    through: int


class Retired(NamedTuple):
    """The model of this id is live no more; one that is not live already is no error."""

    position: int
    model_id: str


Step = Told | Passed | Forgot | Refolded | Separated | Trained | Retired


class History(Protocol):
    """The log as projections see it: opened, and reduced to what concerns them."""

    def head(self) -> int:
        """The number of entries, which is the next position."""
        ...

    def read(self, *, after: int, limit: int) -> Iterable[Step]:
        """The steps of the next entries, at most `limit`, ascending; none left out, those of a position together.

        Best one by one: a body that is folded as soon as it is opened costs a sixth less, and no memory.
        """
        ...

    def own(self, subjects: Collection[bytes], *, before: int) -> Iterable[Told]:
        """The bodies of these subjects below a position that can still be opened, ascending."""
        ...


class States(Protocol):
    """One slot of the projections' tables; sealing is behind it."""

    def checkpoint(self) -> int:
        """The last position folded; -1 at first."""
        ...

    def load(self, subjects: Collection[bytes]) -> dict[bytes, bytes]:
        """The rows of those subjects that have one."""
        ...

    def shared(self) -> dict[str, bytes]:
        """Statistics as `statistic/NAME`, models as `model/SCORER`."""
        ...

    def save(
        self,
        *,
        expected: int,
        checkpoint: int,
        states: Mapping[bytes, bytes | None],
        shared: Mapping[str, bytes | None],
    ) -> None:
        """One transaction; None deletes a row. Raises MovedOn unless `checkpoint()` is still `expected`."""
        ...


def catch_up(
    history: History,
    states: States,
    config: FoldConfig,
    *,
    through: int | None = None,
    chunk_entries: int = 2000,
    working_bytes: int = 128 << 20,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Fold what lies between the checkpoint and `through` (default: the head). Returns the checkpoint reached.

    The result depends on neither `chunk_entries` nor `working_bytes`. `progress` is told (position, last position)
    after each chunk. Raises MovedOn when another runner saved first: what this one folded since its last save is lost.
    """
    reached = states.checkpoint()
    last = min(history.head() - 1, history.head() - 1 if through is None else through)
    run = _Run(history, states, Working(states.load, states.shared(), config), saved=reached, reached=reached)
    with paused():
        while run.reached < last:
            before = run.reached
            run.fold(history.read(after=before, limit=min(chunk_entries, last - before)))
            if run.reached == before:
                break
            if run.working.is_full(working_bytes):
                run.save(run.reached)
            if progress is not None:
                progress(run.reached, last)
        run.save(run.reached)
    return run.reached


@dataclass(slots=True)
class _Run:
    history: History
    states: States
    working: Working
    saved: int
    reached: int

    def fold(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Told():
                    self.working.tell(step.subject, step.body)
                case Passed():
                    pass
                case Forgot():
                    self.working.forget(step.subjects)
                case Refolded():
                    self._refold(step)
                case Separated():
                    self._separate(step)
                case Trained():
                    self.save(step.position - 1)  # the statistics as they stand just before
                    self.working.train(step.model_id, step.scorer, step.version, through=step.through)
                case Retired():
                    self.working.retire(step.model_id)
                case _:
                    assert_never(step)
            self.reached = step.position

    def _refold(self, step: Refolded) -> None:
        self.save(step.position - 1)  # the states as they stand just before
        self.working.refold(
            step.subjects, lambda some: (told.body for told in self.history.own(some, before=step.position))
        )
        self.save(step.position)

    def _separate(self, step: Separated) -> None:
        self.save(step.position - 1)
        self.working.separate(
            step.absorbed, lambda some: (told.body for told in self.history.own(some, before=step.position))
        )
        self.save(step.position)

    def save(self, reached: int) -> None:
        if reached > self.saved:
            rows, shared = self.working.settled()
            self.states.save(expected=self.saved, checkpoint=reached, states=rows, shared=shared)
            self.saved = reached
