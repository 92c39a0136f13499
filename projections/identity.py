"""Who a subject is: identifiers by their earliest link, and the subjects it absorbed."""

from typing import Any

from msgspec import Struct, field

from domain.events import Order


class Identity(Struct, gc=False):
    """Grows only: links are never taken back but by erasing the subject."""

    identifiers: dict[str, Order] = field(default_factory=dict)  # "kind:value" -> order of the first link
    members: set[bytes] = field(default_factory=set)  # ids of absorbed subjects, directly or through others


def link(identity: Identity, identifier: str, order: Order) -> None:
    """Keeps the earlier of two links of one identifier."""
    known = identity.identifiers.get(identifier)
    if known is None or order < known:
        identity.identifiers[identifier] = order


def earliest(identity: Identity) -> str:
    """The identifier linked first, by order and then by text; "" when there is none."""
    if not identity.identifiers:
        return ""
    return min((order, identifier) for identifier, order in identity.identifiers.items())[1]


def merge(into: Identity, other: Identity) -> None:
    """Both sides' identifiers and members."""
    for identifier, order in other.identifiers.items():
        link(into, identifier, order)
    into.members |= other.members


def pack(identity: Identity) -> list[Any]:
    """Canonical rows of identifiers and members."""
    rows = [[identifier, *order] for identifier, order in sorted(identity.identifiers.items())]
    return [rows, sorted(identity.members)]


def unpack(packed: list[Any]) -> Identity:
    """The inverse of `pack`."""
    rows, members = packed
    return Identity({row[0]: (row[1], row[2], row[3]) for row in rows}, set(members))


def view(identity: Identity) -> dict[str, list[str]]:
    """Values by kind, both sorted."""
    found: dict[str, list[str]] = {}
    for identifier in sorted(identity.identifiers):
        kind, _, value = identifier.partition(":")
        found.setdefault(kind, []).append(value)
    return found
