"""What a recipient is to be told (GDPR Art. 19), as a fold of what a case says, and when it is tried again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from domain.clock import SECOND, rfc3339
from domain.events import Micros

TYPES: Final = {
    "erasure": "subject.erasure.completed",
    "rectification": "subject.rectified",
    "restriction": "subject.restricted",
    "lift": "subject.restriction.lifted",
}
"""What is told, by kind of request, as the type of a CloudEvent."""

STATUSES: Final = {
    "pending": ("Not told yet.", "尚未通知。"),
    "failed": ("Did not answer; it is tried again.", "未应答；将再次尝试。"),
    "acknowledged": ("Has acknowledged.", "已确认。"),
    "escalated": ("Has to be told by hand.", "须由人工通知。"),
}
"""By status: what it says to an officer."""

SETTLED: Final = frozenset({"acknowledged", "escalated"})
TRIES: Final = 6
FIRST_WAIT_SECONDS, FACTOR, LONGEST_WAIT_SECONDS = 60, 4, 86_400
GONE: Final = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one recipient is to be told in a case, and how far that is."""

    recipient: str
    what: str  # of TYPES
    pairwise: tuple[str, ...]
    status: str = "pending"
    attempt: int = 0
    due: Micros = 0  # when it is to be tried next

    def is_due(self, now: Micros) -> bool:
        return self.status not in SETTLED and self.due <= now


class Answer(NamedTuple):
    """What came back: an HTTP status, 0 for nothing; and how long the recipient asks to be left alone."""

    status: int
    retry_seconds: int = 0


def fold(said: Iterable[Mapping[str, Any]]) -> dict[str, Notice]:
    """By recipient: of what a case says, in order. Those who were given no id are of the house, and need no notice."""
    notices: dict[str, Notice] = {}
    what = "erasure"  # where no request says otherwise
    for one in said:
        what = one.get({"received": "kind", "told": "what"}.get(one.get("step", ""), ""), what)
        for told in one.get("recipients", ()) if what in TYPES else ():
            if told["pairwise"]:
                name, known = told["recipient"], notices.get(told["recipient"])
                ids = {*told["pairwise"], *(known.pairwise if known else ())}
                new = Notice(recipient=name, what=what, pairwise=tuple(sorted(ids)))
                notices[name] = new if known is None or known.pairwise != new.pairwise else known
        if one.get("step") == "notified" and one["recipient"] in notices:
            notices[one["recipient"]] = replace(
                notices[one["recipient"]], status=one["status"], attempt=one["attempt"], due=one["due"]
            )
    return notices


def overall(statuses: Mapping[str, str]) -> str:
    """`completed` once every recipient has acknowledged, or is left to a person; else `partial`."""
    return "completed" if SETTLED.issuperset(statuses.values()) else "partial"


def tried(notice: Notice, answer: Answer, now: Micros) -> Notice:
    """The notice after one more try: any 2xx acknowledges, 410 is final, the rest is tried again later and later."""
    attempt = notice.attempt + 1
    if 200 <= answer.status < 300:
        return replace(notice, status="acknowledged", attempt=attempt, due=0)
    if answer.status == GONE or attempt >= TRIES:
        return replace(notice, status="escalated", attempt=attempt, due=0)
    wait = max(FIRST_WAIT_SECONDS * FACTOR ** (attempt - 1), answer.retry_seconds)
    return replace(notice, status="failed", attempt=attempt, due=now + min(wait, LONGEST_WAIT_SECONDS) * SECOND)


def shown(notice: Notice) -> dict[str, Any]:
    """A notice as officers see it: how far it is, and nothing by which to know the person."""
    en, zh = STATUSES[notice.status]
    due = rfc3339(notice.due) if notice.status not in SETTLED and notice.due else None
    return {"what": notice.what, "status": notice.status, "attempt": notice.attempt, "due": due, "en": en, "zh": zh}
