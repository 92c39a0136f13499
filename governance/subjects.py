"""From an identifier to the people it names: the surviving subject, its component, its own entries."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from domain.bodies import Body
from domain.errors import NotFound
from domain.log import Stored
from governance.blind import TURN, follow
from governance.keyrows import LIVE, IdentifierRow, KeyRow, SubjectRow
from governance.sealing import open_body
from governance.store import Store


class Component(NamedTuple):
    """A root subject with all that it absorbed, as the keyring knows them."""

    root: bytes
    members: Sequence[SubjectRow]
    keys: Sequence[KeyRow]
    identifiers: Sequence[IdentifierRow]

    @property
    def handles(self) -> list[int]:
        return [row.handle for row in self.members]

    @property
    def ids(self) -> list[bytes]:
        return [row.subject for row in self.members]


def name_of(subject: bytes) -> str:
    """The id as people and services see it."""
    return f"s_{subject.hex()}"


def find_all(store: Store, identifiers: Collection[str]) -> dict[str, bytes]:
    """The live root subject of each identifier; unknown, fenced and erased ones are not in the answer."""
    with store.keyring.database.reading() as rows:
        while True:
            serial = follow(store.blinder, store.keyring, rows)
            blinds = {one: store.blinder.blind(one) for one in identifiers}  # two spellings of an address share one
            found = rows.identifiers(set(blinds.values()))
            if rows.number(TURN) == serial:  # else the index was rotated between the two reads
                break
        roots = rows.roots({row.subject for row in found.values()})
        subjects = {blind: roots.get(row.subject, row.subject) for blind, row in found.items()}
        live = {one for one, row in rows.subjects(set(subjects.values())).items() if row.state == LIVE}
    return {one: subjects[blind] for one, blind in blinds.items() if subjects.get(blind) in live}


def find(store: Store, identifier: str) -> bytes:
    """Raises NotFound for an unknown, fenced or erased person alike."""
    found = find_all(store, [identifier])
    if identifier not in found:
        raise NotFound
    return found[identifier]


def component(store: Store, root: bytes) -> Component:
    """Everything that an erasure of this subject has to reach."""
    with store.keyring.database.reading() as rows:
        members = rows.members(root)
        found = rows.subjects(members)
        return Component(
            root, [found[one] for one in members if one in found], rows.keys_of(members), rows.identifiers_of(members)
        )


class Own(NamedTuple):
    """A subject's own entries up to a position: opened bodies, and how many stay shut."""

    bodies: Sequence[tuple[int, bytes, str, Body]]  # (position, subject, class, body), ascending
    withheld: int


def own_entries(
    store: Store, who: Component, *, through: int | None = None, classes: Collection[str] | None = None
) -> Own:
    """Entries of the component that are still there, opened, in log order; only of some classes when asked."""
    positions = [one for one in store.log.positions(who.handles) if through is None or one <= through]
    wanted = {row.key_id for row in who.keys if classes is None or row.klass in classes}
    stored: Sequence[Stored] = store.log.at(positions)
    keys = store.keyring.find({one.key_id for one in stored if one.key_id is not None} & wanted)
    bodies = []
    for one in stored:
        key = keys.get(one.key_id or b"")
        if key is not None and one.sealed is not None:
            bodies.append((one.position, key.subject, key.klass, open_body(key, one.entry_id, one.sealed)))
    return Own(bodies, len(positions) - len(bodies))
