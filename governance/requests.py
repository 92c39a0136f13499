"""Subject requests: opened, verified, decided. Each step is a sealed fact of the request's own case."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from domain.clock import rfc3339
from domain.errors import BadInput
from domain.events import Micros
from domain.identifiers import is_blocked
from governance import casebook, cases
from governance.casebook import NoSuchRequest
from governance.cases import OPEN, Case, Said
from governance.consenting import GROUNDS
from governance.deadlines import LAWS
from governance.facts import record
from governance.request_texts import (
    DENIALS,
    EXTENSIONS,
    KINDS,
    METHODS,
    RECEIPT,
    REMEDY,
    REQUESTERS,
    STATES,
    pair,
)
from governance.roles import require
from governance.store import Store
from governance.subject_receipt import digest_of, new_receipt
from governance.subjects import find_all, name_of

LISTED: Final = 1000

NEEDED: Final[dict[str, str]] = {"objection": "purpose", "restriction": "ground", "lift": "informed", "review": "score"}
"""By kind: what a request must say besides whom it is about.

`informed` refers to how the person was told before a restriction is lifted (GDPR Art. 18(3)).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a requester asks for."""

    kind: str  # of KINDS
    identifier: str  # kind:value
    jurisdiction: str | None = None  # of LAWS; None: the policy's
    received: Micros | None = None  # when it came, for one that came by letter; None: now
    requester: str = "self"  # of REQUESTERS
    evidence: str = ""  # reference to what shows that the requester may act for the person
    about: Mapping[str, str] = field(default_factory=dict)  # as NEEDED says
    values: Mapping[str, Any] = field(default_factory=dict)  # of a correction; None for a value that goes
    note: str = ""  # free text; sealed in the case


def open_request(store: Store, asking: Asking) -> dict[str, Any]:
    """Open a request. The answer is alike for a person who is known, unknown or erased, and nobody is created.

    Of an erasure it holds the `receipt`, this once: the case keeps its digest, which the acts will carry.
    Raises BadInput for what cannot be, and for what the kind needs and is missing.
    """
    require(store, "request")
    received = _checked(store, asking)
    law = asking.jurisdiction or store.policy.rules.requests.jurisdiction
    root = find_all(store, [asking.identifier]).get(asking.identifier)
    said: Said = {
        "step": "received",
        "by": store.actor.hex(),
        "kind": asking.kind,
        "jurisdiction": law,
        "received": received,
        **casebook.days(store, received, asking.kind, law),
        "subject": root.hex() if root else "",
        "requester": asking.requester,
        "evidence": asking.evidence,
        "about": dict(asking.about),
        "note": asking.note,
        "duplicate_of": casebook.first_open(store, root, asking.kind) if root else None,
    }
    receipt = new_receipt(store.random) if asking.kind == "erasure" else None
    if receipt is not None:
        said["receipt"] = digest_of(receipt)
    case = casebook.begin(store, said, root, asking.values)
    told = {"receipt": receipt, "confirmation": {"en": RECEIPT[0], "zh": RECEIPT[1]}} if receipt else {}
    return in_short(store, case, cases.evolve(Case(), said)) | told


def ask(store: Store, case: bytes, *, note: str = "") -> dict[str, Any]:
    """Ask the requester for more, to verify the identity."""
    require(store, "request")
    return _step(store, case, lambda now, actor: cases.ask(now, actor, note=note))


def verify(
    store: Store,
    case: bytes,
    *,
    method: str,
    evidence: str = "",
    authority: str = "",
    identifier: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The identity is proven by a method of METHODS; where nobody can be identified the request ends so.

    `identifier` names whom the requester turned out to be, and `values` what such a one wants corrected.
    Raises NoAuthority for an agent, guardian or next of kin of whom nothing shows that he may act.
    """
    require(store, "request")
    _known(METHODS, method, "method")
    found = find_all(store, [identifier]).get(identifier) if identifier else None
    subject = found.hex() if found else ""
    after = casebook.step(
        store,
        case,
        lambda now: cases.verify(
            now, store.actor.hex(), method=method, evidence=evidence, authority=authority, subject=subject
        ),
    )
    if found:
        record(store, [casebook.asked(found, case, after.kind, values or {})])
    return in_short(store, case, after)


def approve(store: Store, case: bytes) -> dict[str, Any]:
    """Let a verified request run. Raises NeedsAnother for four eyes, or a reach beyond the policy's bounds."""
    require(store, "approve")
    return _step(
        store,
        case,
        lambda now, actor: cases.approve(now, actor, needs_another=casebook.needs_another(store, now)),
    )


def deny(store: Store, case: bytes, reason: str, *, note: str = "") -> dict[str, Any]:
    """Refuse a request for a reason of DENIALS; the person is told it, and where to complain."""
    require(store, "approve")
    _known(DENIALS, reason, "reason")
    return _step(store, case, lambda now, actor: cases.deny(now, actor, reason=reason, note=note))


def cancel(store: Store, case: bytes) -> dict[str, Any]:
    """The requester took it back. Raises WrongState once it runs."""
    require(store, "request")
    return _step(store, case, cases.cancel)


def extend(store: Store, case: bytes, reason: str) -> dict[str, Any]:
    """Take the longer period, once and before the first one ends; the person is told the reason, of EXTENSIONS."""
    require(store, "approve")
    _known(EXTENSIONS, reason, "reason")
    today = casebook.local_day(store, store.clock())
    return _step(store, case, lambda now, actor: cases.extend(now, actor, reason=reason, today=today))


def show(store: Store, case: bytes) -> dict[str, Any]:
    """Everything that the case says, for the officer. Raises NoSuchRequest."""
    require(store, "request")
    told = casebook.read(store, case)
    now = told.case
    root = casebook.root_of(store, now)
    shown = in_short(store, case, now) | {
        "subject": name_of(bytes.fromhex(now.subject)) if now.subject else None,
        "requester": pair(REQUESTERS, now.requester),
        "about": dict(now.about),
        "values": casebook.values_of(store, root, case) if root else {},
        "duplicate_of": now.duplicate_of,
        "needs_another": casebook.needs_another(store, now),
        "outcome": dict(now.outcome),
        "steps": [{"at": rfc3339(event.at), **event.properties} for event in told.events],
    }
    if now.denial is not None:
        shown["denial"] = {**pair(DENIALS, now.denial), "remedy": {"en": REMEDY[0], "zh": REMEDY[1]}}
    if now.extension is not None:
        shown["extension"] = pair(EXTENSIONS, now.extension)
    return shown


def list_requests(
    store: Store, *, open_only: bool = True, overdue_only: bool = False, limit: int = LISTED
) -> list[dict[str, Any]]:
    """Requests in short, the most urgent first; of more than `limit` the newest."""
    require(store, "request")
    with store.keyring.database.reading() as rows:
        found = rows.requests(open_only=open_only or overdue_only, limit=limit)
    listed = []
    for case in found:
        try:
            now = casebook.read(store, case).case
        except NoSuchRequest:
            continue  # its evidence has expired
        if now.state in OPEN or not (open_only or overdue_only):
            listed.append(in_short(store, case, now))
    return sorted((one for one in listed if one["overdue"] or not overdue_only), key=lambda one: str(one["due"]))


def in_short(store: Store, case: bytes, now: Case) -> dict[str, Any]:
    """What anybody may know who has the request's id: nothing tells whether the person is known."""
    return {
        "request": case.hex(),
        "kind": pair(KINDS, now.kind),
        "state": now.state,
        "text": pair(STATES, now.state),
        "jurisdiction": now.jurisdiction,
        "received": rfc3339(now.received),
        "confirm_by": now.confirm_by,
        "due": now.deadline,
        "overdue": now.is_overdue(casebook.local_day(store, store.clock())),
    }


def _step(store: Store, case: bytes, decide: Callable[[Case, str], Said]) -> dict[str, Any]:
    return in_short(store, case, casebook.step(store, case, lambda now: decide(now, store.actor.hex())))


def _checked(store: Store, asking: Asking) -> Micros:
    """When the request came. Raises BadInput for the first thing that cannot be."""
    _known(KINDS, asking.kind, "kind")
    _known(LAWS, asking.jurisdiction or "gdpr", "jurisdiction")
    _known(REQUESTERS, asking.requester, "requester")
    name, _, value = asking.identifier.partition(":")
    if not name or is_blocked(value):
        raise BadInput("request", "identifier", "kind:value that can name one person")
    needed = NEEDED.get(asking.kind)
    if needed is not None and not asking.about.get(needed):
        raise BadInput("request", needed, f"what a request of this kind needs: {needed}")
    if asking.kind == "restriction":
        _known(GROUNDS, asking.about["ground"], "ground")
    if asking.kind == "objection":
        store.policy.purpose(asking.about["purpose"])
    if asking.kind == "rectification" and not asking.values:
        raise BadInput("request", "values", "what is to be corrected")
    now = store.clock()
    if asking.received is not None and asking.received > now:
        raise BadInput("request", "received", "a time that is not in the future")
    return now if asking.received is None else asking.received


def _known(codes: Iterable[str], code: str, field_: str) -> None:
    if code not in codes:
        raise BadInput("request", field_, "one of " + ", ".join(codes))
