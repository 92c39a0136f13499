"""CSV and Parquet through a mapping: rows become calls, a column at a time."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

from adapters.sources.batch import Batch
from adapters.sources.checks import is_blocked
from adapters.sources.chunks import Chunk
from adapters.sources.columns import Column, convert, filled, required, texts, times
from adapters.sources.mapping import Mapping, Time, zone
from adapters.sources.wire import KINDS, MESSAGE_ID_CHARACTERS
from domain.calls import Call, Rejection
from domain.events import Micros

Faults = dict[int, tuple[str, str]]
"""By row index: the first field that is wrong, and why."""


def read(
    chunks: Iterator[Chunk], mapping: Mapping, *, received: Callable[[], Micros], is_backfill: bool = False
) -> Iterator[Batch]:
    """A batch a chunk. A rejection names the mapping's own setting, such as `properties.quantity`.

    With `is_backfill` the receipt time is the mapping's `recorded`, or else the row's own time.
    """
    for chunk in chunks:
        faults: Faults = {}
        skipped = _skipped(chunk, mapping)
        calls = _calls(chunk, mapping, faults, is_backfill)
        out = skipped | faults.keys()
        kept = [call for row, call in enumerate(calls) if row not in out] if out else list(calls)
        refused = [Rejection(chunk.records[row], *fault) for row, fault in sorted(faults.items()) if row not in skipped]
        yield Batch(
            calls=kept,
            rejections=sorted(refused + chunk.broken, key=lambda rejection: rejection.record),
            last_record=chunk.last_record,
            bytes_read=chunk.bytes_read,
            received=received(),
            skipped=len(skipped),
        )


def _skipped(chunk: Chunk, mapping: Mapping) -> set[int]:
    columns = [texts(chunk.cells[name]) for name in mapping.skip_if_null]
    return {
        row
        for column in columns
        for row, value in enumerate(column.values)
        if value is None and row not in column.faults
    }


def _calls(chunk: Chunk, mapping: Mapping, faults: Faults, is_backfill: bool) -> Iterator[Call]:
    """One a row; those of rows in `faults` are not to be used."""
    kind = KINDS[mapping.kind]
    identifiers = _identifiers(chunk, mapping, faults)
    names = _names(chunk, mapping, faults)
    at = _times(chunk, mapping.time, "time", faults)
    recorded = at if mapping.recorded is None else _times(chunk, mapping.recorded, "recorded", faults)
    message_ids = _message_ids(chunk, mapping, faults)
    properties = _properties(chunk, mapping, faults)
    rows = zip(
        chunk.records,
        names,
        identifiers,
        message_ids,
        at,
        recorded if is_backfill else repeat(None),
        properties,
        strict=False,
    )
    return (
        Call(
            record=record,
            kind=kind,
            name=name,
            identifiers=identifier,
            message_id=message_id,
            timestamp=moment,
            recorded=receipt,
            properties=said,
        )
        for record, name, identifier, message_id, moment, receipt, said in rows
    )


def _taken(column: Column, field: str, faults: Faults) -> list[Any]:
    for row, reason in column.faults.items():
        faults.setdefault(row, (field, reason))
    return column.values


def _identifiers(chunk: Chunk, mapping: Mapping, faults: Faults) -> list[list[str]]:
    columns = []
    for kind, template in mapping.identifiers.items():
        field = f"identifiers.{kind}"
        values = _taken(filled(template, chunk.cells, chunk.rows), field, faults)
        blocked = {value for value in set(values) if value is not None and is_blocked(value)}
        if blocked:
            bad = {row: "blocked_identifier" for row, value in enumerate(values) if value in blocked}
            _taken(Column(values, bad), field, faults)
        columns.append([None if value is None else f"{kind}:{value}" for value in values])
    if len(columns) == 1 and None not in columns[0]:
        return [[value] for value in columns[0]]  # type: ignore[list-item]
    found = [[value for value in row if value is not None] for row in zip(*columns, strict=True)]
    for row, identifiers in enumerate(found):
        if not identifiers:
            faults.setdefault(row, ("identifiers", "no_identifier"))
    return found


def _names(chunk: Chunk, mapping: Mapping, faults: Faults) -> list[str]:
    column = filled(mapping.event, chunk.cells, chunk.rows)
    given = _taken(required(column) if mapping.kind == "track" else column, "event", faults)
    names = [name or "" for name in given]
    for rule in mapping.event_when:
        starts = texts(chunk.cells[rule.column]).values
        names = [
            rule.event if start is not None and start.startswith(rule.starts_with) else name
            for name, start in zip(names, starts, strict=True)
        ]
    return names


def _times(chunk: Chunk, rule: Time, field: str, faults: Faults) -> list[Micros]:
    if rule.constant is not None:
        return [rule.constant] * chunk.rows
    assert rule.column is not None  # one of both: the mapping was checked
    return _taken(required(times(chunk.cells[rule.column], rule.format, zone(rule.timezone))), field, faults)


def _message_ids(chunk: Chunk, mapping: Mapping, faults: Faults) -> list[str]:
    if mapping.message_id is None:
        return [""] * chunk.rows
    values = _taken(required(filled(mapping.message_id, chunk.cells, chunk.rows)), "message_id", faults)
    if len(max((value or "" for value in values), key=len, default="")) > MESSAGE_ID_CHARACTERS:
        bad = {row: "wrong_type" for row, value in enumerate(values) if len(value or "") > MESSAGE_ID_CHARACTERS}
        _taken(Column(values, bad), "message_id", faults)
    return values


def _properties(chunk: Chunk, mapping: Mapping, faults: Faults) -> list[dict[str, Any]]:
    columns = {
        name: _taken(convert(chunk.cells[rule.column], rule), f"properties.{name}", faults)
        for name, rule in mapping.properties.items()
    }
    columns |= {name: [value] * chunk.rows for name, value in mapping.constants.items()}
    if mapping.currency is not None:
        columns["currency"] = _currencies(chunk, mapping.currency, faults)
    if not columns:
        return [{} for _ in chunk.records]
    names = tuple(columns)
    rows = [dict(zip(names, row, strict=False)) for row in zip(*columns.values(), strict=True)]
    for name, values in columns.items():
        if None in values:
            for row, value in zip(rows, values, strict=True):
                if value is None:
                    del row[name]
    return rows


def _currencies(chunk: Chunk, template: str, faults: Faults) -> list[str]:
    values = _taken(required(filled(template, chunk.cells, chunk.rows)), "currency", faults)
    wrong = {v for v in set(values) if v is not None and not (len(v) == 3 and v.isascii() and v.isalpha())}
    bad = {row: "bad_currency" for row, value in enumerate(values) if value in wrong} if wrong else {}
    codes = {value: value and value.upper() for value in set(values)}
    return _taken(Column([codes[value] for value in values], bad), "currency", faults)
