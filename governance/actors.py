"""Who may act: each actor a stream of his own, in a class of the store's own; his roles are a fold of it.

The maker of a store, who is on its first entry, is admin until that is taken from him.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from domain.clock import rfc3339
from domain.errors import BadInput, Damaged, LetheError, NotFound, Refused
from domain.events import GRANTED, REGISTERED, REVOKED, Event
from domain.log import leaf
from domain.tree import leaf_hashes
from governance.caller import Caller
from governance.facts import Fact, record
from governance.policy_shape import OWN_CLASS
from governance.roles import require
from governance.store import Locked, Store
from governance.subjects import component, own_entries
from governance.verbs import Role

ADMIN = "admin"
NAME_LENGTH = 200
REGISTER = ""
"""The name, which no actor has, of the stream that lists the actors."""

CHANGES = "actor_changes"
"""The keyring's number: how often a role or an API key was given or taken."""

Roles = Mapping[str, frozenset[str] | None]
"""By role: the purposes that it may read for; None: every one."""


class LastAdmin(Refused):
    """Without an admin nobody could give or take a role again."""

    def __init__(self) -> None:
        super().__init__("this is the last admin; make another one first")


class NotGranted(NotFound):
    """There is no such actor, or he does not have this role."""

    def __init__(self) -> None:
        LetheError.__init__(self, "no such actor, or not in this role")


def caller_of(store: Store) -> Caller:
    """The one who opened the store, with his roles of now; one who is not registered has none.

    Raises Damaged when what says so is not what was written.
    """
    roles = _roles(store, store.actor)
    reading = [purposes for role, purposes in roles.items() if store.policy.may(role, "read")]
    limit = None if None in reading or not reading else frozenset().union(*(one for one in reading if one is not None))
    return Caller(actor=store.actor, roles=frozenset(roles), purposes=limit)


def grant(store: Store, name: str, role: str, purposes: Sequence[str] = ()) -> bytes:
    """Give an actor a role, limited to purposes where some are named; returns his id.

    Raises NotPermitted, UnknownPurpose, and BadInput for a name or role that cannot be.
    """
    require(store, "actors")
    if role not in get_args(Role):
        raise BadInput("command", "ROLE", "one of " + ", ".join(get_args(Role)))
    if not name.strip() or not name.isprintable() or len(name) > NAME_LENGTH:
        raise BadInput("command", "NAME", f"at most {NAME_LENGTH} printable characters")
    for purpose in purposes:
        store.policy.purpose(purpose)
    actor, register = store.actor_id(name), store.actor_id(REGISTER)
    facts = [Fact(actor, OWN_CLASS, GRANTED, {"name": name, "role": role, "purposes": sorted(purposes) or None})]
    if actor not in _registered(store):
        facts.append(Fact(register, OWN_CLASS, REGISTERED, {"actor": actor.hex()}))
    record(store, facts, opened=[actor, register], under_lock=count_change)
    return actor


def revoke(store: Store, name: str, role: str) -> bytes:
    """Take a role from an actor; returns his id. Raises NotPermitted, NotGranted, LastAdmin."""
    require(store, "actors")
    actor = store.actor_id(name)

    def allowed(locked: Locked) -> None:  # under the lock, so that two admins cannot revoke each other
        if role not in _roles(store, actor):
            raise NotGranted
        if role == ADMIN and not any(ADMIN in _roles(store, one) for one in _registered(store) - {actor}):
            raise LastAdmin
        count_change(locked)

    record(store, [Fact(actor, OWN_CLASS, REVOKED, {"role": role})], opened=[actor], under_lock=allowed)
    return actor


def actors(store: Store) -> list[dict[str, Any]]:
    """Everybody who ever had a role: id, name (the maker's is not stored until he is granted one), roles of now.

    Raises NotPermitted.
    """
    require(store, "actors")
    found = []
    for actor in sorted(_registered(store)):
        events = _events(store, actor)
        named = [event for event in events if event.kind == GRANTED]
        roles = _folded(events, is_maker=actor == _maker(store))
        found.append(
            {
                "actor": actor.hex(),
                "name": named[-1].properties["name"] if named else None,
                "is_maker": actor == _maker(store),
                "roles": {role: None if limit is None else sorted(limit) for role, limit in sorted(roles.items())},
                "since": rfc3339(named[0].at) if named else None,
            }
        )
    return found


def count_change(locked: Locked) -> None:
    """Have processes that remember who may what look again."""
    locked.keys.set_number(CHANGES, locked.keys.number(CHANGES) + 1)


def with_events(store: Store) -> dict[bytes, tuple[Roles, list[Event]]]:
    """Every actor's roles of now and what its stream says, by id: for who checks permissions itself."""
    maker = _maker(store)
    told = {actor: _events(store, actor) for actor in sorted(_registered(store))}
    return {actor: (_folded(events, is_maker=actor == maker), events) for actor, events in told.items()}


def those_known(store: Store, names: Iterable[str]) -> set[str]:
    """Which of these names are of actors, with a role or without: recipients inside the house."""
    registered = _registered(store)
    return {name for name in names if store.actor_id(name) in registered}


def _registered(store: Store) -> set[bytes]:
    told = _events(store, store.actor_id(REGISTER))
    return {_maker(store), *(bytes.fromhex(event.properties["actor"]) for event in told)}


def _roles(store: Store, actor: bytes) -> Roles:
    return _folded(_events(store, actor), is_maker=actor == _maker(store))


def _folded(events: Iterable[Event], *, is_maker: bool) -> Roles:
    roles: dict[str, frozenset[str] | None] = {ADMIN: None} if is_maker else {}
    for event in events:
        if event.kind == REVOKED:
            roles.pop(event.properties["role"], None)
        elif event.kind == GRANTED:
            limit = event.properties["purposes"]
            roles[event.properties["role"]] = None if limit is None else frozenset(limit)
    return roles


def _events(store: Store, actor: bytes) -> list[Event]:
    bodies = own_entries(store, component(store, actor), classes={OWN_CLASS}).bodies
    return [event for _, _, _, body in bodies for event in body.events]


def _maker(store: Store) -> bytes:
    """Who appended the first entry. Raises Damaged for an entry that is not the one that was hashed."""
    found = store.log.contents([0])
    if not found or found[0].actor is None or leaf_hashes([leaf(found[0])]) != [found[0].hash]:
        raise Damaged("the first entry does not say who made the store", 0)
    return found[0].actor
