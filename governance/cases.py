"""A subject request: its state as a fold of what its case says, and the rules by which it goes on.

Rules are pure. Each takes the case as it is, and returns what the case is to say next, or raises.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final

from domain.errors import BadInput, Refused
from domain.events import Micros
from governance.request_texts import UNVERIFIED_KINDS

Said = dict[str, Any]

UNDECIDED: Final = frozenset({"received", "verifying"})
WAITING: Final = UNDECIDED | {"verified", "approved"}
STARTED: Final = frozenset({"running", "partial"})
OPEN: Final = WAITING | STARTED

FROM: Final[dict[str, frozenset[str]]] = {
    "asked": UNDECIDED,
    "verified": UNDECIDED,
    "cannot_identify": UNDECIDED,
    "approved": frozenset({"verified", "approved"}),  # again: by a second person
    "denied": WAITING,
    "cancelled": WAITING,
    "extended": OPEN,
    "running": STARTED | {"approved"},  # again: after an interruption
    "partial": frozenset({"running"}),
    "completed": STARTED,
}
"""The states in which each step may be taken."""


class WrongState(Refused):
    """The request is not where this step can be taken."""

    def __init__(self, state: str, step: str) -> None:
        super().__init__(f"a request that is {state.replace('_', ' ')} cannot be {step.replace('_', ' ')}")
        self.state = state
        self.step = step


class NeedsAnother(Refused):
    """Four eyes: who approves is neither who opened nor who verified the request."""

    def __init__(self) -> None:
        super().__init__("somebody who neither opened nor verified the request has to approve it")


class NoExtension(Refused):
    """An extension is told once, before the first deadline, where the law knows any."""

    def __init__(self) -> None:
        super().__init__("no extension: told once, before the request is due, and only where the law has one")


class NoAuthority(Refused):
    """Who acts for somebody else shows on what ground, before anything is verified."""

    def __init__(self) -> None:
        super().__init__("who acts for another person has to show evidence of it first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of one request. Actors and the subject are hex ids."""

    state: str = ""  # none yet: no such request
    kind: str = ""
    jurisdiction: str = ""
    received: Micros = 0
    confirm_by: str | None = None  # dates, ISO 8601
    due: str = ""
    latest: str | None = None  # when extended
    extension: str | None = None  # reason code, once it is
    subject: str = ""  # empty: nobody was identified
    requester: str = "self"
    evidence: str = ""  # of the authority to act for another
    about: Mapping[str, str] = field(default_factory=dict)  # purpose, ground, score…, as the kind needs
    duplicate_of: str | None = None
    opened_by: str = ""
    verified_by: str = ""
    approved_by: frozenset[str] = frozenset()
    denial: str | None = None
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deadline(self) -> str:
        """The last day for the answer, as things stand."""
        return self.latest if self.extension is not None and self.latest is not None else self.due

    def is_overdue(self, today: str) -> bool:
        return self.state in OPEN and self.deadline < today


def fold(said: Iterable[Mapping[str, Any]]) -> Case:
    """Of what a case says, in order; steps that are not the request's own change nothing."""
    return reduce(evolve, said, Case())


def evolve(before: Case, said: Mapping[str, Any]) -> Case:
    """What holds after one more step."""
    match said.get("step"):
        case "received":
            return _received(said)
        case "asked":
            return replace(before, state="verifying")
        case "verified":
            subject = said.get("subject") or before.subject
            return replace(before, state="verified", verified_by=said["by"], subject=subject)
        case "approved":
            return replace(before, state="approved", approved_by=before.approved_by | {said["by"]})
        case "denied":
            return replace(before, state="denied", denial=said["reason"])
        case "extended":
            return replace(before, extension=said["reason"])
        case "cancelled" | "cannot_identify" | "running" as step:
            return replace(before, state=step)
        case "partial" | "completed" as step:
            return replace(before, state=step, outcome={**before.outcome, **said.get("outcome", {})})
        case _:
            return before


def _received(said: Mapping[str, Any]) -> Case:
    names = (
        "kind", "jurisdiction", "received", "confirm_by", "due", "latest", "subject", "requester", "evidence", "about",
        "duplicate_of",
    )  # fmt: skip
    return Case(state="received", opened_by=said["by"], **{name: said[name] for name in names})


def ask(case: Case, actor: str, *, note: str) -> Said:
    """Ask for more, on reasonable doubt of the identity (GDPR Art. 12(6)). The clock goes on."""
    _require(case, "asked")
    return {"step": "asked", "by": actor, "note": note}


def verify(case: Case, actor: str, *, method: str, evidence: str, authority: str, subject: str) -> Said:
    """The requester is who he says he is; or nobody can be identified, whoever asked (GDPR Art. 11).

    `subject` is whom he was identified as just now, else it is whom the request was opened for. Raises NoAuthority.
    """
    _require(case, "verified")
    if case.requester != "self" and not (authority or case.evidence):
        raise NoAuthority
    if method == "not_required" and case.kind not in UNVERIFIED_KINDS:
        raise BadInput("request", "method", "a way in which the identity was proven; this kind needs one")
    if not (subject or case.subject):
        return {"step": "cannot_identify", "by": actor}
    told = {"step": "verified", "by": actor, "method": method, "evidence": evidence, "authority": authority}
    return {**told, "subject": subject} if subject else told


def approve(case: Case, actor: str, *, needs_another: bool) -> Said:
    """Raises NeedsAnother where the policy, or the reach of the request, asks for a second person."""
    if actor in case.approved_by:
        raise WrongState(case.state, "approved")
    _require(case, "approved")
    if needs_another and actor in (case.opened_by, case.verified_by):
        raise NeedsAnother
    return {"step": "approved", "by": actor}


def deny(case: Case, actor: str, *, reason: str, note: str) -> Said:
    """Refuse for a reason of `request_texts.DENIALS`."""
    _require(case, "denied")
    return {"step": "denied", "by": actor, "reason": reason, "note": note}


def cancel(case: Case, actor: str) -> Said:
    """The requester takes it back; not once it runs."""
    _require(case, "cancelled")
    return {"step": "cancelled", "by": actor}


def extend(case: Case, actor: str, *, reason: str, today: str) -> Said:
    """Raises NoExtension for a second one, a late one, or a law without any."""
    _require(case, "extended")
    if case.extension is not None or case.latest is None or today > case.due:
        raise NoExtension
    return {"step": "extended", "by": actor, "reason": reason}


def start(case: Case, actor: str, *, needs_another: bool, recipients: list[Any]) -> Said:
    """Begin, or go on after an interruption. Raises NeedsAnother when its reach grew since it was approved."""
    _require(case, "running")
    if needs_another and not case.approved_by - {case.opened_by, case.verified_by}:
        raise NeedsAnother
    return {"step": "running", "by": actor, "recipients": recipients}


def finish(case: Case, actor: str, *, status: str, outcome: Mapping[str, Any]) -> Said:
    """`status` is completed or partial; of a partial one the rest may complete later."""
    _require(case, status)
    return {"step": status, "by": actor, "outcome": dict(outcome)}


def _require(case: Case, step: str) -> None:
    if case.state not in FROM[step]:
        raise WrongState(case.state, step)
