"""Cases of subject requests in the store: read, moved on under the append lock, joined with the person."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.clock import EPOCH
from domain.errors import MovedOn, NotFound
from domain.events import ASKED, CASE, Event, Micros
from governance import cases
from governance.cases import OPEN, Case, Said
from governance.deadlines import deadlines, working_days
from governance.facts import Fact, record
from governance.keyring import EVIDENCE, IDENTITY
from governance.keyrows import LIVE
from governance.store import Locked, Store
from governance.subjects import Component, component, own_entries

TRIES: Final = 20


class NoSuchRequest(NotFound):
    """No case of this id is a subject request."""

    def __init__(self) -> None:
        super(NotFound, self).__init__("no such request")


class Told(NamedTuple):
    """What a case says: folded, step by step, and in how many entries."""

    case: Case
    events: Sequence[Event]
    entries: int


def read(store: Store, case: bytes) -> Told:
    """Raises NoSuchRequest for the id of anything else, and for a case whose evidence has expired."""
    who = component(store, case)
    own = own_entries(store, who, classes={EVIDENCE})
    events = [event for *_, body in own.bodies for event in body.events if event.kind == CASE]
    folded = cases.fold(event.properties for event in events)
    if not folded.kind:  # of another case, or of one whose first step has expired
        raise NoSuchRequest
    return Told(folded, events, len(own.bodies) + own.withheld)


def receipt_of(store: Store, case: bytes) -> str | None:
    """Digest of the receipt that was given when a request was opened; None for a case without one."""
    own = own_entries(store, component(store, case), classes={EVIDENCE})
    said = [event.properties for *_, body in own.bodies for event in body.events if event.kind == CASE]
    return next((str(one["receipt"]) for one in said if one.get("receipt")), None)


def step(store: Store, case: bytes, decide: Callable[[Case], Said]) -> Case:
    """Decide on what the case says, and append; decided anew when it said more meanwhile. Returns the case afterwards.

    Raises NoSuchRequest, and what the rule raises.
    """
    handles = component(store, case).handles
    for _ in range(TRIES):
        before = read(store, case)
        said = decide(before.case)
        after = cases.evolve(before.case, said)
        if append(store, case, said, handles, before.entries, is_open=after.state in OPEN):
            return after
    raise MovedOn("others decide on the request faster than this process can follow")


def append(store: Store, case: bytes, said: Said, handles: Sequence[int], entries: int, *, is_open: bool) -> bool:
    """Say one thing more, unless the case has other than so many entries by now."""

    def unmoved(_: Locked) -> None:
        if len(store.log.positions(handles)) != entries:
            raise MovedOn("the request moved on")

    try:
        record(store, [Fact(case, EVIDENCE, CASE, said)], under_lock=unmoved)
    except MovedOn:
        return False
    if not is_open:
        close(store, case)
    return True


def close(store: Store, case: bytes) -> None:
    """List the request no more; once the log says that it has ended, or a crash between would lose it unfinished."""
    with store.keyring.database.writing() as rows:
        rows.close_request(case)


def begin(store: Store, said: Said, root: bytes | None, values: Mapping[str, Any]) -> bytes:
    """Open the case of a request: what it corrects goes under the person's own key, and with the person."""
    case = store.random(16)
    facts = [Fact(case, EVIDENCE, CASE, said)]
    if root is not None:
        facts.append(asked(root, case, said["kind"], values))
    record(
        store,
        facts,
        opened=[case],
        under_lock=lambda locked: locked.keys.add_request(case, locked.log.head().size),
    )
    return case


def asked(root: bytes, case: bytes, kind: str, values: Mapping[str, Any]) -> Fact:
    """What the person's own stream says of a request: by it the next one of the kind finds the first."""
    said: dict[str, Any] = {"case": case.hex(), "kind": kind}
    return Fact(root, IDENTITY, ASKED, said | ({"values": dict(values)} if values else {}))


def requests_of(store: Store, who: Component) -> list[Mapping[str, Any]]:
    """What a person's own stream says of requests, in order."""
    bodies = own_entries(store, who, classes={IDENTITY}).bodies
    return [event.properties for *_, body in bodies for event in body.events if event.kind == ASKED]


def first_open(store: Store, root: bytes, kind: str) -> str | None:
    """The earliest request of this kind for a person that is still open."""
    for said in requests_of(store, component(store, root)):
        if said["kind"] == kind:
            try:
                if read(store, bytes.fromhex(said["case"])).case.state in OPEN:
                    return str(said["case"])
            except NoSuchRequest:
                continue
    return None


def values_of(store: Store, root: bytes, case: bytes) -> dict[str, Any]:
    """What a request asks to correct, as it was said last."""
    found = [said for said in requests_of(store, component(store, root)) if said["case"] == case.hex()]
    return dict(found[-1].get("values", {})) if found else {}


def root_of(store: Store, case: Case) -> bytes | None:
    """The living subject of a request, as merges have it now; None for nobody, and for one who is being forgotten."""
    if not case.subject:
        return None
    subject = bytes.fromhex(case.subject)
    with store.keyring.database.reading() as rows:
        root = rows.roots([subject]).get(subject, subject)
        row = rows.subjects([root]).get(root)
    return root if row is not None and row.state == LIVE else None


def needs_another(store: Store, case: Case) -> bool:
    """Whether a second person has to approve: the policy says so, or the request reaches beyond its bounds.

    An identifier that many people share would else take all of them along.
    """
    rules = store.policy.rules.requests
    root = root_of(store, case)
    if rules.four_eyes or root is None:
        return rules.four_eyes
    who = component(store, root)
    if len(who.identifiers) > rules.max_identifiers:
        return True
    return rules.max_entries is not None and len(store.log.positions(who.handles)) > rules.max_entries


def local_day(store: Store, at: Micros) -> str:
    """The date of a moment where the controller is."""
    return (
        (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(store.policy.rules.requests.zone)).date().isoformat()
    )


def days(store: Store, received: Micros, kind: str, law: str) -> dict[str, str | None]:
    """The last days for a request, as its case keeps them."""
    rules = store.policy.rules.requests
    day = datetime.fromisoformat(local_day(store, received)).date()
    place = next((place for name, place in rules.holidays.items() if name == law), "")
    found = deadlines(day, kind, law, works=working_days(place), days=rules.days)
    return {
        "confirm_by": None if found.confirm is None else found.confirm.isoformat(),
        "due": found.due.isoformat(),
        "latest": None if found.extended is None else found.extended.isoformat(),
    }
