"""What a hold keeps, for whom it is kept: shut to every other door, opened with a reason that the log keeps."""

from typing import Any

from domain.errors import NotFound
from governance.history import values
from governance.holds import said_of
from governance.keyring import EVIDENCE
from governance.roles import open_door, require, require_reason, role_for
from governance.sealing import open_body
from governance.store import Store
from governance.subjects import name_of


def show_held(store: Store, hold: bytes, *, reason: str) -> dict[str, Any]:
    """The entries that a hold keeps, with their values; an act says first that they were opened.

    `reason` is a code of `roles.REASONS`. Raises NotFound for a hold that is not in force, NotPermitted, BadInput.
    """
    require(store, "hold")
    require(store, "reveal")
    require_reason(reason)
    said = said_of(store, hold)
    with store.keyring.database.reading() as rows:
        found = rows.holds([hold])
        if said is None or not found:
            raise NotFound
        root = rows.subjects([found[0].subject])[found[0].subject]
        shut = rows.keys(rows.taken_by(root.case_id), taken=True) if root.case_id is not None else []
        members = {row.subject for row in shut} | set(rows.members(root.subject))
        keys = [row for row in rows.keys_of(members, taken=True) if said.covers(row.klass, row.epoch)]
        handles = [row.handle for row in rows.subjects(members).values()]
    open_door(store, "hold", reason, role=role_for(store, "reveal"))
    opened = {key.key_id: key for key in store.keyring.open(keys, keep=False) if key.klass != EVIDENCE}
    entries = [
        {
            "position": one.position,
            "class": opened[one.key_id].klass,
            "values": [values(event) for event in open_body(opened[one.key_id], one.entry_id, one.sealed).events],
        }
        for one in store.log.at(store.log.positions(handles))
        if one.key_id in opened and one.sealed is not None
    ]
    return {"hold": hold.hex(), "subject": name_of(root.subject), "entries": entries}
