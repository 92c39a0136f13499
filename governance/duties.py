"""What a store has to do by itself: when each duty ran, when it is due, what came of it. Nothing here names anybody.

One process at a time does a duty, and one that dies holds it no more (`Storage.alone`). Each can be repeated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from domain.clock import DAY, SECOND, rfc3339
from domain.errors import Damaged, LetheError, MovedOn, Refused, Unavailable, WaitingForReader
from domain.events import Micros
from governance.duties_done import (
    Means,
    deliver_notices,
    end_holds,
    publish_head,
    resume_interrupted,
    retain,
    sweep_marks,
)
from governance.keyrows import KeyRows
from governance.recipients import Post
from governance.roles import require
from governance.store import Store

OUTCOMES: Final = (
    "never", "done", "partial", "refused", "unavailable", "damaged", "waiting", "failed",
)  # fmt: skip
"""What a run came to. The keyring keeps the place in this list: it only grows at its end."""

CODES: Final[Mapping[type[Exception], str]] = {
    Refused: "refused",
    Unavailable: "unavailable",
    Damaged: "damaged",
    MovedOn: "waiting",
    WaitingForReader: "waiting",
}
"""The outcome by error; the first class that fits decides, anything else has failed."""

MINUTE, HOUR, A_DAY = 60, 3600, 86_400
FIRST_RETRY_SECONDS, FACTOR = 60, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something that is due again so many seconds after it was done."""

    name: str
    every_seconds: int
    patience_seconds: int  # late by more than this is overdue
    do: Callable[[Means], bool]  # whether everything is done; of a partial one the rest comes later
    title: tuple[str, str]  # English, Chinese


DUTIES: Final = (
    Duty(
        name="resume", every_seconds=MINUTE, patience_seconds=10 * MINUTE, do=resume_interrupted,
        title=("Erasures and removals that were interrupted go on.", "继续执行被中断的删除。"),
    ),
    Duty(
        name="holds", every_seconds=10 * MINUTE, patience_seconds=HOUR, do=end_holds,
        title=("Holds whose day has come end, and what they kept is erased.", "解除到期的保全，并删除其保留的数据。"),
    ),
    Duty(
        name="retention", every_seconds=A_DAY, patience_seconds=A_DAY, do=retain,
        title=("What was kept long enough is destroyed.", "销毁保存期限届满的数据。"),
    ),
    Duty(
        name="notices", every_seconds=MINUTE, patience_seconds=HOUR, do=deliver_notices,
        title=("Recipients are told of erasures, corrections and restrictions.", "向接收方通知删除、更正和限制处理。"),
    ),
    Duty(
        name="suppression", every_seconds=A_DAY, patience_seconds=A_DAY, do=sweep_marks,
        title=("Suppression marks that have ended are forgotten.", "清除到期的屏蔽标记。"),
    ),
    Duty(
        name="publishing", every_seconds=MINUTE, patience_seconds=HOUR, do=publish_head,
        title=("The newest tree head is published.", "发布最新的树头。"),
    ),
)  # fmt: skip
"""In the order in which they are done."""


class DutyStatus(NamedTuple):
    """How a duty stands."""

    duty: Duty
    ran: Micros  # when it was last done; 0: never
    tried: Micros
    outcome: str  # of the last try
    failures: int  # in a row
    due: Micros
    overdue_seconds: int  # since it was due, failures or not

    @property
    def is_overdue(self) -> bool:
        return self.overdue_seconds > self.duty.patience_seconds


class Done(NamedTuple):
    """One run."""

    duty: str
    outcome: str
    error: str | None  # the class of what stopped it


def shown(store: Store) -> list[dict[str, Any]]:
    """Every duty as an officer or an auditor sees it. Raises NotPermitted."""
    require(store, "retention", "audit")
    return [
        {
            "duty": one.duty.name,
            "every_seconds": one.duty.every_seconds,
            "last_run": rfc3339(one.ran) if one.ran else None,
            "last_try": rfc3339(one.tried) if one.tried else None,
            "outcome": one.outcome,
            "failures": one.failures,
            "due": rfc3339(one.due),
            "overdue_seconds": one.overdue_seconds,
            "overdue": one.is_overdue,
            "en": one.duty.title[0],
            "zh": one.duty.title[1],
        }
        for one in statuses(store)
    ]


def statuses(store: Store) -> list[DutyStatus]:
    """Every duty, in the order in which they are done; one that never ran is due since the store was made."""
    now, made = store.clock(), _made(store)
    with store.keyring.database.reading() as rows:
        return [_status(rows, duty, now, made) for duty in DUTIES]


def run_due(store: Store, post: Post, *, wait_seconds: float = 10) -> list[Done]:
    """Do what is due and nobody else is at; a duty that fails keeps no other waiting."""
    done = []
    for duty in DUTIES:
        if not _is_due(store, duty):
            continue
        with store.storage.alone(f"duty-{duty.name}") as is_ours:
            if is_ours and _is_due(store, duty):  # again: somebody may just have done it
                done.append(_run(store, duty, post, wait_seconds))
    return done


def _run(store: Store, duty: Duty, post: Post, wait_seconds: float) -> Done:
    began, error = store.clock(), None
    try:
        outcome = "done" if duty.do(Means(store, post, wait_seconds)) else "partial"
    except Exception as caught:  # whatever it is: the others go on, and the failure is on record
        outcome, error = _code(caught), type(caught).__name__
    with store.lock() as locked:
        rows, is_done = locked.keys, error is None
        rows.set_number(f"{duty.name}_tried", began)
        rows.set_number(f"{duty.name}_outcome", OUTCOMES.index(outcome))
        rows.set_number(f"{duty.name}_failures", 0 if is_done else rows.number(f"{duty.name}_failures") + 1)
        if is_done and rows.number(_ran(duty)) < began:
            rows.set_number(_ran(duty), began)
    return Done(duty.name, outcome, error)


def _code(caught: Exception) -> str:
    if not isinstance(caught, LetheError):
        return "failed"
    return next((code for kind, code in CODES.items() if isinstance(caught, kind)), "failed")


def _is_due(store: Store, duty: Duty) -> bool:
    now, made = store.clock(), _made(store)
    with store.keyring.database.reading() as rows:
        return _status(rows, duty, now, made).due <= now


def _status(rows: KeyRows, duty: Duty, now: Micros, made: Micros) -> DutyStatus:
    ran, tried = rows.number(_ran(duty)), rows.number(f"{duty.name}_tried")
    failures = rows.number(f"{duty.name}_failures")
    wanted = ran + duty.every_seconds * SECOND if ran else made
    due = max(wanted, tried + _pause(duty, failures)) if failures and tried > ran else wanted
    outcome = OUTCOMES[rows.number(f"{duty.name}_outcome")] if tried >= ran else "done"  # by hand, since
    return DutyStatus(duty, ran, tried, outcome, failures, due, max(0, now - wanted) // SECOND)


def _pause(duty: Duty, failures: int) -> Micros:
    """Tried again later and later, but not less often than it is due."""
    return int(min(FIRST_RETRY_SECONDS * FACTOR ** min(failures - 1, 10), duty.every_seconds) * SECOND)


def _ran(duty: Duty) -> str:
    """The keyring's number of when it was done; retention that is applied by hand sets its own too."""
    return f"{duty.name}_ran"


def _made(store: Store) -> Micros:
    first: Sequence[Any] = store.log.contents([0])
    return first[0].day * DAY if first else store.clock()
