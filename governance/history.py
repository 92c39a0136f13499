"""The subject's entries as the officer sees them: where, when, of which class and kind; values by exception."""

from typing import Any

from domain.clock import day_name, rfc3339
from domain.errors import NotFound
from domain.events import Event, type_of
from governance.disclosures import disclose
from governance.roles import open_door, require, require_reason, role_for
from governance.sealing import open_body
from governance.store import Store
from governance.subjects import component, find, name_of


def history_of(store: Store, identifier: str, recipient: str, *, reveal: str | None = None) -> dict[str, Any]:
    """Every entry of the component, with the state of its key; itself a disclosure.

    With `reveal`, a reason of `roles.REASONS`, the values too: an act says so first. Raises NotFound, NotPermitted.
    """
    require(store, "history")
    if reveal is not None:
        require(store, "reveal")
        require_reason(reveal)
    root = find(store, identifier)
    who = component(store, root)
    if reveal is not None:
        open_door(store, "reveal", reveal, role=role_for(store, "reveal"))
    positions = store.log.positions(who.handles)
    if disclose(store, [(root, "history", ["types" if reveal is None else "values"])], recipient):
        raise NotFound
    days = {one.position: one.day for one in store.log.contents(positions)}
    classes = {row.key_id: row.klass for row in who.keys}
    stored = store.log.at(positions)
    keys = store.keyring.find({one.key_id for one in stored if one.key_id is not None})
    entries = []
    for one in stored:
        key = keys.get(one.key_id or b"")
        readable = key is not None and one.sealed is not None
        events = open_body(key, one.entry_id, one.sealed).events if key and one.sealed is not None else []
        entries.append(
            {
                "position": one.position,
                "day": day_name(days[one.position]),
                "class": classes.get(one.key_id or b""),
                "key": "live" if readable else "destroyed" if key is None else "body gone",
                "types": sorted({type_of(event) for event in events}),
                "events": len(events),
                **({} if reveal is None else {"values": [values(event) for event in events]}),
            }
        )
    return {"subject": name_of(who.root), "entries": entries}


def values(event: Event) -> dict[str, Any]:
    """All that an event says, for eyes that may see it."""
    return {
        "type": type_of(event),
        "kind": event.kind,
        "at": rfc3339(event.at),
        "recorded_at": rfc3339(event.recorded),
        "source": event.source,
        "message_id": event.message_id,
        "properties": event.properties,
        "context": event.context,
    }
