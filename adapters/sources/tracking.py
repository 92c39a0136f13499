"""A line or a body of the tracking API becomes `Call`s: one call, or a batch of them.

Clock skew is not corrected here: a call keeps its three times, and intake knows the fourth.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Raw, Struct

from adapters.sources.checks import RECORD_BYTES, Malformed, check_nested
from adapters.sources.refusal import explain
from adapters.sources.wire import (
    ALIAS,
    KINDS,
    Object,
    Wire,
    identifiers_of,
    message_id_of,
    moment,
    name_of,
    previous_of,
    properties_of,
)
from domain.calls import Call, Rejection
from domain.events import IDENTIFY, TRACK

BATCH_BYTES: Final = 500 * 1024
BATCH_CALLS: Final = 2_500


class Around(Struct, frozen=True, kw_only=True):
    """What holds for a call unless it says otherwise: its batch's members, or the type an address names."""

    type: str | None = None
    sent: datetime | None = None
    context: Object | None = None
    is_backfill: bool = False  # then the call's own time is its receipt time


ALONE: Final = Around()
decode: Final = msgspec.json.Decoder(Wire).decode


def read_line(raw: bytes, record: int, around: Around = ALONE) -> list[Call | Rejection]:
    """The calls of a JSON object that is a call or `{"batch": [...]}`, in order; none only for an empty batch.

    32 KB a call, 500 KB and 2,500 calls a batch. The items of a batch share the record number.
    """
    if len(raw) > BATCH_BYTES:
        return [Rejection(record, "record", "too_large")]
    try:
        wire = decode(raw)
        if wire.batch is None or wire.type in KINDS:
            return [_call(wire, len(raw), record, around)]
        return _items(wire.batch, record, _inside(wire, around))
    except Malformed as error:
        return [Rejection(record, error.field, error.reason)]
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors; so are bad UTF-8 and endless integers
        return [Rejection(record, *explain(raw))]


def read_body(raw: bytes, around: Around = ALONE, *, is_batch: bool) -> list[Call | Rejection]:
    """The calls of a request, numbered from 1; a bad one among good ones is a rejection in its place.

    Raises Malformed for a body of which no part can be taken in: it is no JSON object, too large, or no batch.
    """
    if len(raw) > BATCH_BYTES:
        raise Malformed("record", "too_large")
    if not is_batch:
        return [read_call(raw, 1, around)]
    try:
        wire = decode(raw)
    except (ValueError, RecursionError):
        raise Malformed(*explain(raw)) from None
    if wire.batch is None:
        raise Malformed("batch", "missing")
    if len(wire.batch) > BATCH_CALLS:
        raise Malformed("batch", "too_large")
    inside = _inside(wire, around)
    return [read_call(item, number, inside) for number, item in enumerate(wire.batch, 1)]


def read_call(raw: bytes | Raw, record: int, around: Around = ALONE) -> Call | Rejection:
    """One call that is not a batch; `raw` is its JSON, at most 32 KB."""
    try:
        return _call(decode(raw), len(memoryview(raw)), record, around)
    except Malformed as error:
        return Rejection(record, error.field, error.reason)
    except (ValueError, RecursionError):
        return Rejection(record, *explain(bytes(raw)))


def _inside(wire: Wire, around: Around) -> Around:
    context = {**(around.context or {}), **(wire.context or {})}
    check_nested(context, "context.*")
    sent = wire.sent_at or around.sent  # a batch's own `timestamp` is no event time
    return Around(sent=sent, context=context or None, is_backfill=around.is_backfill)


def _items(items: list[Raw], record: int, around: Around) -> list[Call | Rejection]:
    if len(items) > BATCH_CALLS:
        raise Malformed("batch", "too_large")
    return [read_call(item, record, around) for item in items]


def _call(wire: Wire, size_bytes: int, record: int, around: Around) -> Call:
    if size_bytes > RECORD_BYTES:
        raise Malformed("record", "too_large")
    name = wire.type or around.type
    kind = KINDS.get(name) if name else None
    if kind is None:
        raise Malformed("type", "unknown_type" if name else "missing")
    if wire.batch is not None:
        raise Malformed("batch", "wrong_type")  # it is a call: passed over as a batch it would be lost
    context = wire.context or {}
    if around.context:
        context = {**around.context, **context}
    properties = (wire.properties or {}) if kind == TRACK else properties_of(kind, wire, context)
    identifiers, context = identifiers_of(wire, context)
    if properties:
        check_nested(properties, "properties.*")
    if context:
        check_nested(context, "context.*")
    timestamp = None if wire.timestamp is None else moment(wire.timestamp)
    original = None if wire.original_timestamp is None else moment(wire.original_timestamp)
    sent = wire.sent_at or around.sent
    own = timestamp if timestamp is not None else original
    return Call(
        record=record,
        kind=kind,
        name=(kind == TRACK and wire.event) or name_of(kind, wire),
        identifiers=identifiers,
        previous=previous_of(wire) if kind == ALIAS else None,
        message_id=message_id_of(wire.message_id),
        timestamp=timestamp,
        original=original,
        sent=None if sent is None else moment(sent),
        recorded=own if around.is_backfill else None,
        properties=properties,
        context={key: value for key, value in context.items() if key != "traits"} if kind == IDENTIFY else context,
    )
