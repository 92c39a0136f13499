"""The members of a tracking-API call, and what of a `Call` each of them becomes.

The API is Segment's as its clients speak it: nulls are absent, identifiers may be numbers, traits may be in the
context alone. Everything here raises `checks.Malformed` with the API's own name of the field.
"""

from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Raw, Struct

from adapters.sources.checks import KIND, Malformed, identifier
from domain.clock import micros
from domain.events import GROUP, IDENTIFY, PAGE, SCREEN, TRACK, Micros

ALIAS: Final = "alias/1"
KINDS: Final = {"track": TRACK, "identify": IDENTIFY, "page": PAGE, "screen": SCREEN, "group": GROUP, "alias": ALIAS}
MESSAGE_ID_CHARACTERS: Final = 100

Object = dict[str, Any]


class Wire(Struct, rename="camel", gc=False):
    """The members of a call that mean something here; others are passed over."""

    type: str | None = None
    event: str | None = None
    user_id: str | int | None = None
    anonymous_id: str | int | None = None
    previous_id: str | int | None = None
    group_id: str | int | None = None
    message_id: str | int | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    name: str | None = None
    category: str | None = None
    properties: Object | None = None
    traits: Object | None = None
    context: Object | None = None
    batch: list[Raw] | None = None


def name_of(kind: str, wire: Wire) -> str:
    """A track call must have one, a page or screen call may."""
    if kind == TRACK:
        if not wire.event:
            raise Malformed("event", "missing")
        return wire.event
    return (wire.name or "") if kind in (PAGE, SCREEN) else ""


def properties_of(kind: str, wire: Wire, context: Object) -> Object:
    """What the call says, wherever its type keeps it: properties, traits or a group's id."""
    if kind == TRACK:
        return wire.properties or {}
    if kind == IDENTIFY:
        return _traits(wire, context)
    if kind in (PAGE, SCREEN):
        own = wire.properties or {}
        return {"category": wire.category, **own} if wire.category is not None else own
    if kind == GROUP:
        if wire.group_id is None or wire.group_id == "":
            raise Malformed("groupId", "missing")
        return {**(wire.traits or {}), "group_id": str(wire.group_id)}
    return {}


def identifiers_of(wire: Wire, context: Object) -> tuple[list[str], Object]:
    """`kind:value` strongest first, and the context less the identifiers that it carried."""
    found = []
    if wire.user_id is not None:
        found.append(identifier("user_id", wire.user_id, "userId"))
    if context.get("externalIds") is not None:
        found += _external(context["externalIds"])
        context = {key: value for key, value in context.items() if key != "externalIds"}
    if wire.anonymous_id is not None:
        found.append(identifier("anonymous_id", wire.anonymous_id, "anonymousId"))
    if not found:
        raise Malformed("userId", "no_identifier")
    return (list(dict.fromkeys(found)) if len(found) > 2 else found), context


def previous_of(wire: Wire) -> str:
    """`previous_id:VALUE`: clients put an anonymous or a user id here, and only intake can know which it was."""
    if wire.user_id is None:
        raise Malformed("userId", "missing")
    if wire.previous_id is None:
        raise Malformed("previousId", "missing")
    return identifier("previous_id", wire.previous_id, "previousId")


def message_id_of(value: str | int | None) -> str:
    """Empty if the client gave none; at most 100 characters."""
    text = "" if value is None else str(value)
    if len(text) > MESSAGE_ID_CHARACTERS:
        raise Malformed("messageId", "wrong_type")
    return text


def moment(when: datetime) -> Micros:
    """Without an offset it is UTC."""
    return micros(when if when.tzinfo else when.replace(tzinfo=UTC))


def _traits(wire: Wire, context: Object) -> Object:
    """Some clients send traits only in the context, some in both places."""
    indirect = context.get("traits")
    if indirect is None:
        return wire.traits or {}
    if not isinstance(indirect, dict):
        raise Malformed("context.traits", "wrong_type")
    return {**indirect, **(wire.traits or {})}


def _external(items: Any) -> list[str]:
    field = "context.externalIds"
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Malformed(field, "wrong_type")
    found = []
    for item in items:
        kind, value = item.get("type"), item.get("id")
        if value is None:
            continue
        if not isinstance(kind, str) or not KIND.fullmatch(kind) or type(value) not in (str, int):
            raise Malformed(field, "wrong_type")
        found.append(identifier(kind, value, field))
    return found
