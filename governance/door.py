"""What a door asks of governance for a whole stream of records: take in, keep up, tell how far."""

from hashlib import sha256

from domain.calls import REASONS
from governance.admission import Admission
from governance.cleaning import Cleaner
from governance.intake import Recorder
from governance.people import People
from governance.roles import require
from governance.store import Store
from governance.suppression import require_loaded


def recorder(store: Store, *, source: str, origin: str = "", backfill: bool = False) -> Recorder:
    """Records what comes from one source; `origin` names the file that message ids are derived from.

    Raises NotPermitted, and Unavailable while the suppression is not loaded.
    """
    require(store, "ingest")
    require_loaded(store)
    cleaner = Cleaner(store.policy, version=store.policy_version, source=source, origin=origin, backfill=backfill)
    return Recorder(store, cleaner, People(store.keyring, store.blinder), source, store.actor, Admission(store))


def rejections_of(store: Store, limit: int) -> list[dict[str, object]]:
    """The newest refused records: source, record, field, reason and what the reason means. Raises NotPermitted."""
    require(store, "rejections")
    names = ("source", "record", "field", "reason")
    found = store.log.rejections(limit)
    return [{**dict(zip(names, row, strict=True)), "text": REASONS.get(row[3], row[3])} for row in found]


def source_key(store: Store, content_digest: bytes, mapping: bytes, *, source: str, backfill: bool) -> bytes:
    """Names one way of taking a file in: under another source or as a backfill its lines make other events.

    Keyed, as a plain digest of a file could be confirmed by guessing.
    """
    parts = (content_digest, mapping, source.encode(), bytes([backfill]))
    return store.blinder.name(sha256(b"".join(sha256(part).digest() for part in parts)).digest())
