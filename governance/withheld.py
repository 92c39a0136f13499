"""Entries whose bodies do not open any more, counted by the cause that the log and the keyring give."""

from collections import Counter
from typing import Final

from domain.acts import BodiesLost, parse
from domain.clock import day_name, first_day
from domain.log import Stored
from governance.removals import ERASURE, INTENDED, RETENTION, all_removals
from governance.store import Store

CAUSES: Final = ("erasure", "retention", "held", "lost", "unexplained")
"""Removed with a person or a purpose; at the end of a period; kept shut by a hold or a legal duty; declared lost;
or for no reason that the log gives, which `audit verify` names."""


class Withheld:
    """Told of each entry as a replay passes it."""

    def __init__(self, store: Store) -> None:
        self._database = store.keyring.database
        self._causes = {
            bytes.fromhex(key): "erasure" if entry.act == ERASURE.intended else "retention"
            for entry, act in all_removals(store, INTENDED)
            for key in act.keys
        }
        acts = [parse("bodies_lost", entry.fields or "") for entry in store.log.acts(["bodies_lost"])]
        self._lost = {position for act in acts if isinstance(act, BodiesLost) for position in act.positions}
        self._entries: Counter[str] = Counter()
        self._others: Counter[bytes] = Counter()  # by key

    def note(self, one: Stored) -> None:
        """Count an entry whose body is gone or whose key is not there for a replay."""
        cause = self._causes.get(one.key_id or b"") or ("lost" if one.position in self._lost else None)
        if cause is None:
            self._others[one.key_id or b""] += 1
        else:
            self._entries[cause] += 1

    def counts(self) -> dict[str, int]:
        """Entries by cause, every cause named."""
        with self._database.reading() as rows:
            shut = set(rows.taken(list(self._others)))
        entries = self._entries.copy()
        for key, count in self._others.items():
            entries["held" if key in shut else "unexplained"] += count
        return {cause: entries[cause] for cause in CAUSES}


def periods_ended(store: Store, *, since: int) -> list[str]:
    """Classes and months that retention took from everybody by acts after a position, but for what a hold keeps.

    Nothing tells any more whose entries these were, so nobody's past can count them.
    """
    acts = [act for entry, act in all_removals(store, [RETENTION.intended]) if entry.position > since]
    return sorted({f"{act.klass} {day_name(first_day(act.epoch))[:7]}" for act in acts if act.epoch is not None})
