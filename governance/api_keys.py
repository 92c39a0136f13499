"""API keys: how programs show who they are. Each is its actor's, and narrower than him: one role, purposes, a source.

A key is `lethe_ID_SECRET`. Only the SHA-256 of the secret is kept, in the actor's own sealed stream: 256 random bits
need no slower hash. Whoever loses the role loses what his keys could do with it.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from domain.clock import SECOND, rfc3339
from domain.errors import BadInput, LetheError, NotFound, Refused
from domain.events import KEYED, UNKEYED, Event, Micros
from governance.actors import CHANGES, Roles, count_change, grant, with_events
from governance.caller import Caller
from governance.facts import Fact, record
from governance.policy_shape import OWN_CLASS
from governance.roles import require
from governance.store import Store

PREFIX: Final = "lethe"
ID_BYTES, SECRET_BYTES = 6, 32
SOURCE_LENGTH: Final = 64


class NoSuchKey(NotFound):
    """There is no API key of this id."""

    def __init__(self) -> None:
        LetheError.__init__(self, "no such API key")


class NotAuthenticated(Refused):
    """No key, or none that is known and has not ended: which of them is not told."""

    def __init__(self) -> None:
        super().__init__("an API key that is valid is needed")


class ApiKey(NamedTuple):
    """What a key allows. The secret is nowhere."""

    key: str
    digest: str
    actor: bytes
    name: str  # of the actor: the recipient that disclosures name
    role: str
    purposes: frozenset[str] | None  # None: every one of the actor's
    source: str  # what comes in by it is recorded under this name
    made: Micros
    ends: Micros  # 0: never

    def is_over(self, now: Micros) -> bool:
        return 0 < self.ends <= now


class Known(NamedTuple):
    """An admitted key, and its caller as roles and scopes leave him."""

    key: ApiKey
    caller: Caller


class Keys:
    """The keys of a store as one process knows them; looks again when any process has changed who may what."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.changes = -1
        self._known: Mapping[str, tuple[ApiKey, Roles]] = {}

    def admit(self, text: str) -> Known:
        """Who shows this key. Raises NotAuthenticated."""
        prefix, _, rest = text.partition("_")
        ident, _, secret = rest.partition("_")
        self._look_again()
        found = self._known.get(ident)
        digest = _digest(secret)
        if found is None or prefix != PREFIX or not hmac.compare_digest(found[0].digest, digest):
            raise NotAuthenticated
        key, roles = found
        if key.is_over(self._store.clock()):
            raise NotAuthenticated
        return Known(key, _caller(key, roles))

    def _look_again(self) -> None:
        with self._store.keyring.database.reading() as rows:
            changes = rows.number(CHANGES)
        if changes != self.changes:
            self._known = {key.key: (key, roles) for key, roles in _every(self._store)}
            self.changes = changes


def create(
    store: Store, name: str, role: str, *, purposes: Sequence[str] = (), source: str = "", days: int = 0
) -> dict[str, Any]:
    """Make a key, and its actor where there is none in this role; the answer holds the key this once.

    Raises NotPermitted, UnknownPurpose, and BadInput for a name, role or source that cannot be.
    """
    require(store, "actors")
    if len(source) > SOURCE_LENGTH or not source.isprintable():
        raise BadInput("command", "--source", f"at most {SOURCE_LENGTH} printable characters")
    if days < 0:
        raise BadInput("command", "--days", "a number of days; 0: without an end")
    for purpose in purposes:
        store.policy.purpose(purpose)
    actor = store.actor_id(name)
    roles, _ = with_events(store).get(actor, ({}, []))
    if role not in roles:
        grant(store, name, role)
    return _made(store, actor, name, role, purposes, source, store.clock() + days * 86_400 * SECOND if days else 0)


def rotate(store: Store, key: str, *, overlap_hours: int = 24) -> dict[str, Any]:
    """Make a key like this one, which ends after the overlap. Raises NotPermitted, NoSuchKey."""
    require(store, "actors")
    old = _find(store, key)
    made = _made(store, old.actor, old.name, old.role, sorted(old.purposes or ()), old.source, old.ends)
    ends = store.clock() + overlap_hours * 3600 * SECOND
    _end(store, old, min(ends, old.ends) if old.ends else ends)
    return made


def revoke(store: Store, key: str) -> None:
    """End a key now, in every process. Raises NotPermitted, NoSuchKey."""
    require(store, "actors")
    _end(store, _find(store, key), store.clock())


def listed(store: Store) -> list[dict[str, Any]]:
    """Every key that was made, without its secret. Raises NotPermitted."""
    require(store, "actors")
    now = store.clock()
    return [
        {
            "key": key.key, "actor": key.name, "role": key.role, "source": key.source or key.name,
            "purposes": None if key.purposes is None else sorted(key.purposes),
            "made": rfc3339(key.made), "ends": rfc3339(key.ends) if key.ends else None,
            "valid": not key.is_over(now) and key.role in roles,
        }
        for key, roles in sorted(_every(store), key=lambda one: one[0].made)
    ]  # fmt: skip


def _made(
    store: Store, actor: bytes, name: str, role: str, purposes: Sequence[str], source: str, ends: Micros
) -> dict[str, Any]:
    ident = store.random(ID_BYTES).hex()
    secret = urlsafe_b64encode(store.random(SECRET_BYTES)).rstrip(b"=").decode()
    limit = sorted(purposes) or None
    said = {
        "key": ident, "digest": _digest(secret), "name": name, "role": role, "purposes": limit, "source": source,
        "ends": ends,
    }  # fmt: skip
    record(store, [Fact(actor, OWN_CLASS, KEYED, said)], opened=[actor], under_lock=count_change)
    return {
        "key": ident, "secret": f"{PREFIX}_{ident}_{secret}", "actor": name, "role": role, "purposes": limit,
        "source": source or name, "ends": rfc3339(ends) if ends else None,
    }  # fmt: skip


def _end(store: Store, key: ApiKey, ends: Micros) -> None:
    record(store, [Fact(key.actor, OWN_CLASS, UNKEYED, {"key": key.key, "ends": ends})], under_lock=count_change)


def _find(store: Store, ident: str) -> ApiKey:
    found = next((key for key, _ in _every(store) if key.key == ident), None)
    if found is None:
        raise NoSuchKey
    return found


def _every(store: Store) -> list[tuple[ApiKey, Roles]]:
    return [(key, roles) for actor, (roles, events) in with_events(store).items() for key in _folded(actor, events)]


def _folded(actor: bytes, events: Sequence[Event]) -> list[ApiKey]:
    keys: dict[str, ApiKey] = {}
    for event in events:
        said = event.properties
        if event.kind == KEYED:
            keys[said["key"]] = ApiKey(
                key=said["key"],
                digest=said["digest"],
                actor=actor,
                name=said["name"],
                role=said["role"],
                purposes=None if said["purposes"] is None else frozenset(said["purposes"]),
                source=said["source"],
                made=event.at,
                ends=said["ends"],
            )
        elif event.kind == UNKEYED and said["key"] in keys:
            keys[said["key"]] = keys[said["key"]]._replace(ends=said["ends"])
    return list(keys.values())


def _caller(key: ApiKey, roles: Roles) -> Caller:
    """The key's role, while the actor has it, for the purposes that both allow."""
    if key.role not in roles:
        raise NotAuthenticated
    own = roles[key.role]
    both = key.purposes if own is None else own if key.purposes is None else own & key.purposes
    return Caller(actor=key.actor, roles=frozenset({key.role}), purposes=both)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
