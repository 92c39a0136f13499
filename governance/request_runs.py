"""Carrying out an approved request: begun on the case first, then done, then told; safe to repeat in between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain.acts import Opened
from domain.errors import BadInput, LetheError, NotFound
from domain.events import CORRECTED, LIFTED, OBJECTED, RESTRICTED
from governance import casebook, cases
from governance.access import Reader
from governance.cases import Case
from governance.consenting import NotObjectable, tell
from governance.disclosures import disclose, recipients_in, told_in
from governance.erasure import begin, concluded, erase_root, resume, unfinished_cases
from governance.facts import Fact, record
from governance.keyring import IDENTITY
from governance.models import renew_models
from governance.notifying import overall
from governance.package_about import PERSON
from governance.packages import Package, package
from governance.policy_shape import CONSENTS
from governance.projecting import catch_up_to_head
from governance.recipients import notices_of
from governance.removals import EXECUTED, INTENDED, removals
from governance.removing import Outcome, Say, carry_out
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
    now, root = _started(store, case, how)
    done = _run(store, case, now, root, how)
    told = [name for name in recipients_in(store, case) if name != PERSON]
    outcome = done.kept | ({"told": told} if now.kind in TOLD else {})
    is_told = overall({name: one.status for name, one in notices_of(store, case).items()}) == "completed"
    status = done.status if is_told else "partial"  # until every recipient has answered
    after = casebook.step(store, case, lambda it: cases.finish(it, store.actor.hex(), status=status, outcome=outcome))
    return {**in_short(store, case, after), "outcome": dict(after.outcome), **done.answer}


def at_once(store: Store, kind: str, identifier: str, how: How = PLAIN) -> dict[str, Any]:
    """An officer's own request: opened, verified, approved and run. Raises NotFound; NeedsAnother before it runs."""
    return run(store, _approved(store, kind, identifier, how), how)


def erase_together(store: Store, identifiers: Sequence[str], how: How = PLAIN) -> list[dict[str, Any] | LetheError]:
    """`at_once` for many erasures: everybody is fenced first, then what looks at the whole store is done once.

    In the order asked; a person who is not there, or may not be erased by one alone, is an error in its place.
    """
    begun: dict[str, bytes] = {}
    answers: dict[str, dict[str, Any] | LetheError] = {}
    for one in identifiers:
        try:
            case = _approved(store, "erasure", one, how)
            _, root = _started(store, case, how)
            if root is not None:
                begin(store, root, case)
            begun[one] = case
        except LetheError as error:
            answers.setdefault(one, error)
    fenced = [case for case in begun.values() if removals(store, INTENDED, case)]
    outcomes = carry_out(store, fenced, wait_seconds=how.wait_seconds, say=how.say) if fenced else []
    told = replace(how, done=dict(zip(fenced, outcomes, strict=True)))
    answers.update({one: run(store, case, told) for one, case in begun.items()})
    return [answers[one] for one in identifiers]


def _approved(store: Store, kind: str, identifier: str, how: How) -> bytes:
    find(store, identifier)
    opened = open_request(store, Asking(kind=kind, identifier=identifier))
    how.opened(opened["request"], opened.get("receipt"))
    case = bytes.fromhex(opened["request"])
    verify(store, case, method="officer")
    approve(store, case)
    return case


def _started(store: Store, case: bytes, how: How) -> tuple[Case, bytes | None]:
    """The request with its run on record, and the person; None for one who is erased already."""
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


def _run(store: Store, case: bytes, now: Case, root: bytes | None, how: How) -> Done:
    if root is None:
        return _erased_already(store, case, how)
    match now.kind:
        case "access" | "portability":
            return _handed_out(store, case, now, root, how)
        case "erasure":
            outcome = erase_root(store, root, case=case, wait_seconds=how.wait_seconds, say=how.say)
            return _forgotten(store, outcome, how)
        case "rectification":
            return _corrected(store, case, root)
        case "review":
            return _reviewed(store, now, root, how)
        case "objection":
            return _stood(store, case, root, OBJECTED, {"purpose": now.about["purpose"]})
        case "restriction":
            return _stood(store, case, root, RESTRICTED, {"ground": now.about["ground"]})
        case _:
            return _stood(store, case, root, LIFTED, {})


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


def _forgotten(store: Store, outcome: Outcome, how: How) -> Done:
    how.removed(outcome)
    retired = renew_models(store, "erasure")
    kept = {
        "erasure": outcome.status,
        "case": outcome.case,  # another request's, where that was faster
        "position": outcome.position,
        "keys_destroyed": outcome.keys_destroyed,
        "bodies_purged": outcome.bodies_purged,
        "holds": outcome.holds,
        "models_retired": retired,
    }
    return Done(COMPLETED if outcome.status == COMPLETED else PARTIAL, kept)


def _erased_already(store: Store, case: bytes, how: How) -> Done:
    """Goes on where an erasure of this case was interrupted; another's left nothing to do."""
    if case in how.done:
        return _forgotten(store, concluded(store, case, how.done[case]), how)
    if case in unfinished_cases(store) or removals(store, EXECUTED, case):
        return _forgotten(store, resume(store, case, wait_seconds=how.wait_seconds, say=how.say), how)
    return Done(COMPLETED, {"erasure": "erased before"})


def _corrected(store: Store, case: bytes, root: bytes) -> Done:
    values = casebook.values_of(store, root, case)
    _record(store, Fact(root, IDENTITY, CORRECTED, values))
    catch_up_to_head(store)
    return Done(COMPLETED, {"corrected": len(values)})


def _stood(store: Store, case: bytes, root: bytes, kind: str, said: Mapping[str, Any]) -> Done:
    answer = tell(store, root, kind, {**said, "method": "request", "evidence": case.hex()})
    catch_up_to_head(store)
    return Done(COMPLETED, {"classes_removed": answer["classes_removed"]})


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
    if before.kind == "review":
        if how.decision not in DECISIONS:
            raise BadInput("request", "decision", "one of " + ", ".join(DECISIONS))
        if before.about["score"] not in (known := _scores(store, root)):
            raise BadInput("request", "score", "one of " + ", ".join(sorted(known)))
