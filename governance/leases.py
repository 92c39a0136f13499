"""What an erasure waits for between its fence and the end of the keys: every other process has let go of them."""

from governance.keyrows import LeaseRow
from governance.presence import LEASE_SECONDS, Presence
from governance.store import Store

PAUSE_SECONDS = 0.05


def await_leases(store: Store, *, wait_seconds: float) -> list[LeaseRow]:
    """Wait until no process can hold keys that it opened before the newest fence; returns who still may.

    A holder is past it when its row says so, when its process has ended, or `LEASE_SECONDS` from now: whoever renewed
    a lease after the fence has noticed it, and any other lease has run out by then.
    """
    presence, database = store.keyring.lease.presence, store.keyring.database
    with database.reading() as rows:
        fence = rows.number("changes")
    began = presence.clock()
    presence.end_leases()
    while True:
        waited = presence.clock() - began  # First: a row that is read after this was written before or has noticed.
        with database.reading() as rows:
            behind = [row for row in rows.leases() if row.changes < fence]
        holding = [] if waited >= LEASE_SECONDS else [row for row in behind if not _has_let_go(row, presence)]
        if not holding or waited >= wait_seconds:
            break
        presence.pause(PAUSE_SECONDS)
    over = [row for row in behind if row not in holding]
    if over:
        with database.writing() as rows:
            rows.drop_leases(over)
    return holding


def _has_let_go(row: LeaseRow, presence: Presence) -> bool:
    return presence.is_own(row) or presence.has_ended(row)
