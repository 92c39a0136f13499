"""What a door asks of governance for a whole stream of records: take in, keep up, tell how far."""

from hashlib import sha256

from governance.cleaning import Cleaner
from governance.intake import Recorder
from governance.people import People
from governance.store import Store


def recorder(store: Store, *, source: str, origin: str = "", backfill: bool = False) -> Recorder:
    """Records what comes from one source; `origin` names the file that message ids are derived from."""
    cleaner = Cleaner(store.policy, version=store.policy_version, source=source, origin=origin, backfill=backfill)
    return Recorder(store, cleaner, People(store.keyring, store.blinder), source, store.actor)


def source_key(store: Store, content_digest: bytes, mapping: bytes, *, source: str, backfill: bool) -> bytes:
    """Names one way of taking a file in: under another source or as a backfill its lines make other events.

    Keyed, as a plain digest of a file could be confirmed by guessing.
    """
    parts = (content_digest, mapping, source.encode(), bytes([backfill]))
    return store.blinder.mark(sha256(b"".join(sha256(part).digest() for part in parts)).digest())
