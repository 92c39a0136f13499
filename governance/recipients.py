"""Recipients are told what became of what they were given (GDPR Art. 19): each on its own, until it has answered.

What is to be told, and every try, is a fact of the case. One recipient that fails keeps nobody else waiting.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from domain.clock import SECOND
from domain.errors import NotFound
from domain.events import CASE
from governance import cases
from governance.callbacks import Callback, Forbidden, callback, secret_text, signed
from governance.casebook import NoSuchRequest, read, step
from governance.disclosures import told_in
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.keyrows import ERASED, FENCED
from governance.notifying import GONE, TYPES, Answer, Notice, fold, overall, shown, tried
from governance.removals import EXECUTED, removals, unfinished
from governance.roles import require
from governance.sealing import hkdf
from governance.store import Store
from governance.subjects import component, own_entries

CASES: Final = 10_000


class Post(Protocol):
    """Sends one notice."""

    def __call__(self, to: Callback, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Follows no redirect. Raises Forbidden where the host is inside a network that the policy does not allow."""
        ...


class Delivery(NamedTuple):
    """One try."""

    case: bytes
    notice: Notice


def tell(store: Store, root: bytes, what: str) -> bytes | None:
    """Open a case of its own for what happened outside a request; None where no recipient knows the person."""
    recipients = told_in(store, component(store, root))
    if not any(one["pairwise"] for one in recipients):
        return None
    case = store.random(16)
    record(
        store,
        [Fact(case, EVIDENCE, CASE, {"step": "told", "what": what, "recipients": recipients})],
        opened=[case],
        under_lock=lambda locked: locked.keys.add_request(case, locked.log.head().size),
    )
    return case


def notices_of(store: Store, case: bytes) -> dict[str, Notice]:
    """By recipient: whom a case is to tell, and how far that is."""
    return fold(_said(store, case))


def deliver(store: Store, post: Post) -> list[Delivery]:
    """Try what is due, in every open case whose deed is done; a case is completed when all its recipients are settled.

    Raises NotPermitted.
    """
    require(store, "request")
    now, done, waiting = store.clock(), list[Delivery](), list[bytes]()
    with store.keyring.database.reading() as rows:
        open_cases = rows.requests(open_only=True, limit=CASES)
    for case in open_cases:
        said = _said(store, case)
        notices = fold(said)
        if notices or cases.fold(said).state == "partial":
            waiting.append(case)
        if not notices or not _is_done(store, case, said, notices.values()):
            continue
        for name, notice in notices.items():
            if notice.is_due(now):
                notices[name] = tried(notice, _send(store, case, notice, post), now)
                _note(store, case, notices[name])
                done.append(Delivery(case, notices[name]))
    _settle(store, waiting)
    return done


def acknowledge(store: Store, case: bytes, recipient: str) -> Notice:
    """A person vouches that the recipient was told. Raises NotPermitted, and NotFound where nothing was to be told."""
    require(store, "request")
    notices = notices_of(store, case)
    if recipient not in notices:
        raise NotFound
    notices[recipient] = replace(notices[recipient], status="acknowledged", due=0)
    _note(store, case, notices[recipient])
    settle(store, case)
    return notices[recipient]


def settle(store: Store, case: bytes) -> None:
    """Complete a request once its deed is done, everybody was told, and nothing of the person is kept any more."""
    _settle(store, [case])


def settle_all(store: Store) -> None:
    """Complete every request that waited, and waits no longer."""
    with store.keyring.database.reading() as rows:
        _settle(store, rows.requests(open_only=True, limit=CASES))


def deed_of(case: bytes, outcome: Mapping[str, Any]) -> bytes:
    """The case that does what a request asks: of two that ask to erase one person it is the same."""
    return bytes.fromhex(outcome.get("case") or case.hex())


def recipients(store: Store, case: bytes | None = None) -> list[dict[str, Any]]:
    """The recipients of the policy and of open cases, or of one case, with what they are still to be told."""
    require(store, "request")
    with store.keyring.database.reading() as rows:
        wanted = rows.requests(open_only=True, limit=CASES) if case is None else [case]
    found: dict[str, list[dict[str, Any]]] = {} if case else {name: [] for name in store.policy.recipients}
    for one in wanted:
        for name, notice in notices_of(store, one).items():
            found.setdefault(name, []).append({"request": one.hex(), **shown(notice)})
    rules = store.policy.recipients
    return [
        {
            "recipient": name,
            "purposes": list(rules[name].purposes) if name in rules else [],
            "location": rules[name].location if name in rules else "",
            "url": rules[name].url if name in rules else None,
            "notices": notices,
        }
        for name, notices in sorted(found.items())
    ]


def key_of(store: Store, recipient: str) -> str:
    """The key by which a recipient knows that a notice is from this store. Raises NotPermitted, and NotFound."""
    require(store, "keys")
    if recipient not in store.policy.recipients:
        raise NotFound
    return secret_text(_key(store, recipient))


def _send(store: Store, case: bytes, notice: Notice, post: Post) -> Answer:
    rule = store.policy.recipients.get(notice.recipient)
    if rule is None or rule.url is None:
        return Answer(GONE)  # nowhere to send it to
    key = _key(store, notice.recipient)
    ident = hkdf(key, b"notice/1" + case + notice.what.encode())[:16].hex()  # of every try the same, and of no case
    event = {
        "specversion": "1.0",
        "id": ident,
        "source": store.origin,
        "type": TYPES[notice.what],
        "datacontenttype": "application/json",
        "data": {"subjects": notice.pairwise},
    }
    body = json.dumps(event, separators=(",", ":")).encode()
    headers = signed(key, notice=ident, seconds=store.clock() // SECOND, body=body)
    try:
        to = callback(rule.url, allow_private=rule.allow_private)
        return post(to, body, {"content-type": "application/cloudevents+json", **headers})
    except Forbidden:
        return Answer(0)


def _key(store: Store, recipient: str) -> bytes:
    with store.keyring.database.reading() as rows:
        return hkdf(store.keyring.secret(rows, "webhooks"), b"webhook/1/" + recipient.encode())


def _note(store: Store, case: bytes, notice: Notice) -> None:
    told = {
        "step": "notified", "recipient": notice.recipient, "status": notice.status, "attempt": notice.attempt,
        "due": notice.due, "by": store.actor.hex(),
    }  # fmt: skip
    record(store, [Fact(case, EVIDENCE, CASE, told)])


def _said(store: Store, case: bytes) -> Sequence[Mapping[str, Any]]:
    bodies = own_entries(store, component(store, case), classes={EVIDENCE}).bodies
    return [event.properties for *_, body in bodies for event in body.events if event.kind == CASE]


def _is_done(store: Store, case: bytes, said: Sequence[Mapping[str, Any]], notices: Iterable[Notice]) -> bool:
    """Whether what is told of has happened: nobody is told of an erasure that may yet be denied."""
    if any(notice.what == "erasure" for notice in notices):
        return bool(removals(store, EXECUTED, case))
    return any(one.get("step") in {"told", "completed", "partial"} for one in said)


def _settle(store: Store, some: Sequence[bytes]) -> None:
    busy = set(unfinished(store)) if some else set[bytes]()
    for case in some:
        outcome = cases.fold(_said(store, case)).outcome
        deed = deed_of(case, outcome)
        removing = {deed, *(bytes.fromhex(one) for one in outcome.get("removals", ()))} & busy
        told = {name: one.status for name, one in notices_of(store, deed).items()}
        with store.keyring.database.reading() as rows:
            members = [row.subject for state in (FENCED, ERASED) for row in rows.of_case(deed, state)]
            is_kept = any(row.klass != EVIDENCE for row in rows.keys_of(members, taken=True))
        if overall(told) == "completed" and not (removing or is_kept):
            _complete(store, case)


def _complete(store: Store, case: bytes) -> None:
    try:
        is_partial = read(store, case).case.state == "partial"
    except NoSuchRequest:  # an erasure on the spot, or a case of notices alone
        with store.lock() as locked:
            locked.keys.close_request(case)
        return
    if is_partial:
        step(store, case, lambda now: cases.finish(now, store.actor.hex(), status="completed", outcome={}))
