"""Carrying out an approved request: begun on the case first, then done, then told; safe to repeat in between."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain.acts import Opened
from domain.errors import BadInput, NotFound
from domain.events import CORRECTED, LIFTED, OBJECTED, RESTRICTED
from governance import casebook, cases
from governance.access import Reader
from governance.cases import Case
from governance.consenting import NotObjectable, require_restricted, tell
from governance.disclosures import disclose, recipients_in, told_in
from governance.erasure import erase_root, resume, unfinished_cases
from governance.facts import Fact, record
from governance.keyring import IDENTITY
from governance.models import renew_models
from governance.notifying import overall
from governance.outcomes import came_to, concluded, holder_of
from governance.package_about import PERSON
from governance.packages import Package, package
from governance.policy_shape import CONSENTS
from governance.projecting import catch_up_to_head
from governance.recipients import deed_of, notices_of
from governance.removals import REMOVING
from governance.removing import Outcome, Say
from governance.request_texts import DECISIONS
from governance.requests import Asking, approve, in_short, open_request, verify
from governance.roles import require
from governance.store import Store, append_acts
from governance.subjects import component, find

Deliver = Callable[[Package], dict[str, Any]]
"""Takes a package to where the requester gets it; returns what there is to say of it, such as its code."""

VERBS: Final = {"erasure": "erase", "access": "export", "portability": "export"}
"""By kind: what its runner must be allowed; of the others `request`."""

TOLD: Final = frozenset({"erasure", "rectification", "restriction"})
"""Kinds of which recipients are told (GDPR Art. 19)."""

COMPLETED, PARTIAL = "completed", "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What a run needs besides the request: a package its delivery, a review its decision."""

    deliver: Deliver | None = None
    decision: str = ""  # of DECISIONS
    note: str = ""  # the reviewer's; sealed in the case
    wait_seconds: float = 10
    say: Say = lambda _: None
    removed: Callable[[Outcome], None] = lambda _: None  # is given what an erasure came to
    opened: Callable[[str, str | None], None] = lambda *_: None  # a request's id and receipt, before anything is done
    done: Mapping[bytes, Outcome] = field(default_factory=dict)  # by case: removals that were carried out together


PLAIN: Final = How()


class Done(NamedTuple):
    """What a run came to."""

    status: str  # completed, partial
    kept: dict[str, Any]  # by the case
    answer: Mapping[str, Any] = MappingProxyType({})  # said once, and kept nowhere


def run(store: Store, case: bytes, how: How = PLAIN) -> dict[str, Any]:
    """Carry an approved request out, or go on with it. The answer is in short what `outcome` of the case says.

    Raises NotFound for a person who is not there any more (an erasure is complete then), NeedsAnother when the
    request came to reach further than one person may approve, BadInput for what the kind needs and is missing.
    """
    with store.storage.together(REMOVING):
        return _ran(store, case, how)


def at_once(store: Store, kind: str, identifier: str, how: How = PLAIN) -> dict[str, Any]:
    """An officer's own request: opened, verified, approved and run. Raises NotFound; NeedsAnother before it runs."""
    return run(store, approved(store, kind, identifier, how), how)


def approved(store: Store, kind: str, identifier: str, how: How = PLAIN) -> bytes:
    """The case of an officer's own request, ready to run. Raises NotFound."""
    find(store, identifier)
    opened = open_request(store, Asking(kind=kind, identifier=identifier))
    how.opened(opened["request"], opened.get("receipt"))
    case = bytes.fromhex(opened["request"])
    verify(store, case, method="officer")
    approve(store, case)
    return case


def started(store: Store, case: bytes, how: How) -> tuple[Case, bytes | None]:
    """The request with its run on record, and the person; None for one who is erased already."""
    require(store, "request", *VERBS.values())  # First: who may do nothing does not learn which cases there are.
    before = casebook.read(store, case).case
    require(store, VERBS.get(before.kind, "request"))
    root = casebook.root_of(store, before)
    if root is None and before.kind != "erasure":
        raise NotFound
    _check(store, case, before, root, how)
    recipients = told_in(store, component(store, root)) if root is not None and before.kind in TOLD else []

    def start(now: Case) -> dict[str, Any]:
        another = casebook.needs_another(store, now)
        return cases.start(now, store.actor.hex(), needs_another=another, recipients=recipients)

    return casebook.step(store, case, start), root


def _ran(store: Store, case: bytes, how: How) -> dict[str, Any]:
    now, root = started(store, case, how)
    done = _run(store, case, now, root, how)
    deed = deed_of(case, done.kept)
    told = [name for name in recipients_in(store, deed) if name != PERSON]
    outcome = done.kept | ({"told": told} if now.kind in TOLD else {})
    is_told = overall({name: one.status for name, one in notices_of(store, deed).items()}) == "completed"
    status = done.status if is_told else "partial"  # until every recipient has answered
    after = casebook.step(store, case, lambda it: cases.finish(it, store.actor.hex(), status=status, outcome=outcome))
    return {**in_short(store, case, after), "outcome": dict(after.outcome), **done.answer}


def _run(store: Store, case: bytes, now: Case, root: bytes | None, how: How) -> Done:
    if root is None:
        return _erased_already(store, case, now, how)
    match now.kind:
        case "access" | "portability":
            return _handed_out(store, case, now, root, how)
        case "erasure":
            outcome = erase_root(store, root, case=case, wait_seconds=how.wait_seconds, say=how.say)
            return _forgotten(outcome, how)
        case "rectification":
            return _corrected(store, case, root)
        case "review":
            return _reviewed(store, now, root, how)
        case "objection":
            return _stood(store, case, root, OBJECTED, {"purpose": now.about["purpose"]}, how)
        case "restriction":
            return _stood(store, case, root, RESTRICTED, {"ground": now.about["ground"]}, how)
        case _:
            return _stood(store, case, root, LIFTED, {}, how)


def _handed_out(store: Store, case: bytes, now: Case, root: bytes, how: How) -> Done:
    """Recorded before it is handed out: as a disclosure of the person's, and as an act."""
    assert how.deliver is not None
    made = package(store, root, now.kind, case)
    if disclose(store, [(root, now.kind, made.sections)], PERSON):
        raise NotFound  # fenced meanwhile
    role = min(store.caller.roles, default="")
    append_acts(store, [("opened", Opened(door="export", role=role, reason=now.kind, case=case.hex()))])
    answer = how.deliver(made)
    kept = {"files": sorted(made.files), "redacted": made.redacted, "sealed": "code" in answer}
    return Done(COMPLETED, kept, answer)


def _forgotten(outcome: Outcome, how: How) -> Done:
    how.removed(outcome)
    kept = {
        "erasure": outcome.status,
        "case": outcome.case,  # another request's, where that was faster
        "position": outcome.position,
        "keys_destroyed": outcome.keys_destroyed,
        "bodies_purged": outcome.bodies_purged,
        "holds": outcome.holds,
        "models_retired": outcome.models_retired,
    }
    return Done(COMPLETED if outcome.status == COMPLETED else PARTIAL, kept)


def _erased_already(store: Store, case: bytes, now: Case, how: How) -> Done:
    """Of one who is gone, or going: what the case has come to that holds the person, be it another request's."""
    holder = holder_of(store, bytes.fromhex(now.subject)) or case
    if holder in how.done:
        return _forgotten(concluded(store, holder, how.done[holder]), how)
    if holder in unfinished_cases(store):
        return _forgotten(resume(store, holder, wait_seconds=how.wait_seconds, say=how.say), how)
    outcome = came_to(store, holder)
    if outcome is None:
        return Done(COMPLETED, {"erasure": "erased before"})
    outcome.models_retired = renew_models(store, "erasure")  # where a crash came between
    return _forgotten(outcome, how)


def _corrected(store: Store, case: bytes, root: bytes) -> Done:
    values = casebook.values_of(store, root, case)
    _record(store, Fact(root, IDENTITY, CORRECTED, values))
    catch_up_to_head(store)
    return Done(COMPLETED, {"corrected": len(values)})


def _stood(store: Store, case: bytes, root: bytes, kind: str, said: Mapping[str, Any], how: How) -> Done:
    word = {**said, "method": "request", "evidence": case.hex()}
    answer = tell(store, root, kind, word, wait_seconds=how.wait_seconds)
    catch_up_to_head(store)
    kept = {name: answer[name] for name in ("classes_removed", "classes_held", "holds", "removals")}
    return Done(PARTIAL if answer["status"] == "partial" else COMPLETED, kept)  # what is held stays shut, and waits


def _reviewed(store: Store, now: Case, root: bytes, how: How) -> Done:
    """A human looked at a score (GDPR Art. 22(3), PIPL Art. 24): which model it was from, and what came of it."""
    name = now.about["score"]
    kept = {
        "score": name,
        "model_id": _scores(store, root)[name]["model_id"],
        "decision": how.decision,
        "note": how.note,
    }
    return Done(COMPLETED, {**kept, "reviewer": store.actor.hex()})


def _record(store: Store, fact: Fact) -> None:
    if record(store, [fact]):
        raise NotFound  # fenced meanwhile


def _scores(store: Store, root: bytes) -> dict[str, Any]:
    return dict((Reader(store, PERSON).whole(root) or {}).get("scores", {}))


def _check(store: Store, case: bytes, before: Case, root: bytes | None, how: How) -> None:
    """Raises before the request runs, as it may not be denied any more afterwards."""
    if before.kind in ("access", "portability") and how.deliver is None:
        raise BadInput("request", "deliver", "where the package goes")
    if root is None:
        return
    if before.kind == "rectification" and not casebook.values_of(store, root, case):
        raise BadInput("request", "values", "what is to be corrected; verify the request with it")
    if before.kind == "objection":
        rule = store.policy.purpose(before.about["purpose"])
        if not rule.objectable and rule.basis not in CONSENTS:
            raise NotObjectable(rule.name)
    if before.kind == "lift" and before.state == "approved":  # else it may have been lifted by this very run
        require_restricted(store, root)
    if before.kind == "review":
        if how.decision not in DECISIONS:
            raise BadInput("request", "decision", "one of " + ", ".join(DECISIONS))
        if before.about["score"] not in (known := _scores(store, root)):
            raise BadInput("request", "score", "one of " + ", ".join(sorted(known)))
