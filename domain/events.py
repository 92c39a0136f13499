"""An event is a fact about one subject. How events lie in a body: `domain.bodies`."""

from typing import Any, Final

from msgspec import Struct

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

# Kinds are stored: named by hand, never renamed. A new shape is a new number.
TRACK: Final = "track/1"
PAGE: Final = "page/1"
SCREEN: Final = "screen/1"
IDENTIFY: Final = "identify/1"
GROUP: Final = "group/1"
LINKED: Final = "identifier.linked/1"  # properties: identifier
MERGED: Final = "subject.merged/1"  # properties: into (hex subject id); an event of the absorbed subject
UNMERGED: Final = "subject.unmerged/1"  # of the one that was absorbed: from (hex); of the other: absorbed (hex)
DISCLOSED: Final = "profile.disclosed/1"  # properties: purpose, recipient, fields
CONSENTED: Final = "consent.given/1"  # properties: purpose; notice, method, evidence, language, until where known
REFUSED: Final = "consent.refused/1"  # properties: purpose, and as CONSENTED
WITHDREW: Final = "consent.withdrawn/1"  # properties: purpose, and as CONSENTED
OBJECTED: Final = "objection.raised/1"  # properties: purpose
UNOBJECTED: Final = "objection.lifted/1"  # properties: purpose
RESTRICTED: Final = "restriction.set/1"  # properties: ground
LIFTED: Final = "restriction.lifted/1"  # no properties
HELD: Final = "hold.set/1"  # properties: hold (hex), ground
CORRECTED: Final = "attributes.corrected/1"  # properties: name -> value, null for one that goes; of class identity
ASKED: Final = "request.asked/1"  # properties: case (hex), kind; values of a correction; of class identity
REGISTERED: Final = "actor.registered/1"  # properties: actor (hex); an event of the register of actors
GRANTED: Final = "actor.granted/1"  # properties: name, role, purposes (null: every one); an event of the actor
REVOKED: Final = "actor.revoked/1"  # properties: role; an event of the actor
KEYED: Final = (
    "key.made/1"  # properties: key, digest, name, role, purposes (null: every one), source, ends; of an actor
)
UNKEYED: Final = "key.ended/1"  # properties: key, ends; of an actor
CASE: Final = "case/1"  # properties: step and what it decided; an event of the case, not of a person

BEHAVIOUR: Final = frozenset({TRACK, PAGE, SCREEN})
"""The kinds that count as activity."""


class Event(Struct, frozen=True, gc=False):
    """What happened, when, and how it came in. Identifiers are facts of their own (`LINKED`)."""

    kind: str
    name: str  # of a track, page or screen call; empty otherwise
    at: Micros  # event time after clock-skew correction, never past receipt by more than 5 minutes
    recorded: Micros  # receipt time: the server's, or declared by a backfill
    arrival: int  # index within its append
    source: str
    message_id: str
    properties: dict[str, Any]
    context: dict[str, Any]
    original: Micros | None = None
    sent: Micros | None = None
    policy: int = 0  # version of the policy that admitted it


Order = tuple[Micros, int, int]
"""(event time, first position of its append, arrival index): the order of a subject's events."""


def type_of(event: Event) -> str:
    """The name under which activity counts an event: a track call's own name, else page or screen."""
    return event.name if event.kind == TRACK else event.kind.partition("/")[0]
