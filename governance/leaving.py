"""The end of a store: everything of every living subject given back, then every key destroyed (GDPR Art. 28(3)(g))."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from domain.acts import Opened
from domain.clock import day_name, day_of, rfc3339
from domain.errors import Refused
from domain.events import type_of
from domain.log import Head
from governance.holds import list_holds
from governance.keyring import IDENTITY
from governance.keyrows import LIVE
from governance.roles import require, role_for
from governance.store import Store, append_acts
from governance.subjects import Component, component, name_of, own_entries

FORMAT: Final = "lethe-exit/1"
KEYS_A_LOOK: Final = 2000

STATEMENT: Final = (
    "Every key generation and the signing key of this log were destroyed: no copy of the store or of its backups opens "
    "any more. Copies of the key store itself, if somebody made any, are not covered.",
    "该日志的所有密钥代及签名密钥均已销毁：此存储及其备份的任何副本都无法再被打开。"
    "若有人另行复制过密钥库本身，则不在此列。",
)


def give_back(store: Store, directory: Path) -> dict[str, int]:
    """Write `subjects.jsonl`: one JSON document a living subject, its events in clear, which name its identifiers too.

    What removals and holds have taken is not among it. Raises NotPermitted.
    """
    require(store, "export")
    case = store.random(16)
    act = Opened(door="exit", role=role_for(store, "export"), reason="request", case=case.hex())
    append_acts(store, [("opened", act)])  # First: what leaves is on the record before it does.
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    subjects = events = 0
    with (directory / "subjects.jsonl").open("x", encoding="utf-8") as file:
        (directory / "subjects.jsonl").chmod(0o600)
        for root in _roots(store):
            document = _document(store, component(store, root))
            file.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
            subjects, events = subjects + 1, events + len(document["events"])
    return {"subjects": subjects, "events": events}


def require_free(store: Store) -> None:
    """Raises NotPermitted, and Refused while a hold keeps anything: a legal duty outlives the wish to leave."""
    require(store, "keys")
    if list_holds(store):
        raise Refused("a hold keeps data of this store; release it first")


def statement(store: Store, head: Head) -> str:
    """What is signed before the keys go: the last tree head of the log, and what its end means."""
    size, root = head.size, head.frontier.root().hex()
    made = day_name(day_of(store.clock()))
    return "\n".join([FORMAT, store.origin, f"{size} {root}", made, *STATEMENT]) + "\n"


def _roots(store: Store) -> Iterator[bytes]:
    """Living people, by the key that names them: cases and actors have none."""
    after: bytes | None = None
    while True:
        with store.keyring.database.reading() as rows:
            found = rows.keys_after(after, limit=KEYS_A_LOOK)
            named = {row.subject for row in found if row.klass == IDENTITY}
            absorbed = rows.roots(named)
            live = [one for one, row in rows.subjects(named).items() if row.state == LIVE and one not in absorbed]
        if not found:
            return
        after = found[-1].key_id
        yield from sorted(live)


def _document(store: Store, who: Component) -> dict[str, Any]:
    events = [
        {
            "position": position,
            "class": klass,
            "type": type_of(event),
            "at": rfc3339(event.at),
            "recorded_at": rfc3339(event.recorded),
            "source": event.source,
            "message_id": event.message_id,
            "properties": event.properties,
            "context": event.context,
        }
        for position, _, klass, body in own_entries(store, who).bodies
        for event in body.events
    ]
    return {"subject": name_of(who.root), "events": events}
