"""CSV and Parquet through a mapping."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.sources.batch import Batch
from adapters.sources.opening import open_source
from domain.calls import Call, Rejection
from domain.clock import parse_rfc3339
from domain.errors import BadInput

MAPPING = """\
source = "shop"
event = "Order Completed"
message_id = "{order}/{line}"
currency = "{money}"

[[event_when]]
column = "order"
starts_with = "C"
event = "Order Refunded"

[identifiers]
user_id = "{customer}"
anonymous_id = "{visitor}"

[time]
column = "at"

[properties]
product_id = { column = "line" }
quantity = { column = "quantity", type = "int", absolute = true }
revenue = { column = "paid", type = "amount" }
note = { column = "note", optional = true }

[constants]
channel = "web"
"""
HEADER = "order,line,money,customer,visitor,at,quantity,paid,note,secret"
ROW = "7,l1,eur,42,v1,2026-01-02T03:04:05+01:00,2,12.50,,hidden"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Batch]:
    def from_rows(*rows: str, rules: str = MAPPING, header: str = HEADER, **options: Any) -> Batch:
        (tmp_path / "shop.toml").write_text(rules)
        content = "\n".join([header, *rows]).encode("utf-8", "surrogateescape")
        (tmp_path / "orders.csv").write_bytes(content)
        source = open_source(str(tmp_path / "orders.csv"), str(tmp_path / "shop.toml"), received=lambda: 7, **options)
        [batch] = source.batches
        return batch

    return from_rows


def changed(**cells: str) -> str:
    row = dict(zip(HEADER.split(","), ROW.split(","), strict=True)) | cells
    return ",".join(row.values())


def test_a_row_becomes_a_call_with_what_the_mapping_names(read: Callable[..., Batch]) -> None:
    at = parse_rfc3339("2026-01-02T02:04:05Z")

    assert read(ROW, is_backfill=True).calls == [
        Call(
            record=1,
            kind="track/1",
            name="Order Completed",
            identifiers=["user_id:42", "anonymous_id:v1"],
            message_id="7/l1",
            timestamp=at,
            recorded=at,
            properties={
                "product_id": "l1",
                "quantity": 2,
                "revenue": "12.50",
                "channel": "web",
                "currency": "EUR",
            },
        )
    ]


def test_a_row_of_another_kind_has_another_event(read: Callable[..., Batch]) -> None:
    [call] = read(changed(order="C7", quantity="-2")).calls

    assert (call.name, call.properties["quantity"], call.recorded) == ("Order Refunded", 2, None)


@pytest.mark.parametrize(
    ("cells", "field", "reason"),
    [
        ({"customer": "", "visitor": ""}, "identifiers", "no_identifier"),
        ({"customer": "undefined"}, "identifiers.user_id", "blocked_identifier"),
        ({"at": "soon"}, "time", "bad_time"),
        ({"at": ""}, "time", "missing"),
        ({"money": "euro"}, "currency", "bad_currency"),
        ({"quantity": "two"}, "properties.quantity", "wrong_type"),
        ({"quantity": "99999999999999999999"}, "properties.quantity", "bad_number"),
        ({"quantity": ""}, "properties.quantity", "missing"),
        ({"paid": "12,50".replace(",", ";")}, "properties.revenue", "bad_amount"),
        ({"paid": "1e13"}, "properties.revenue", "bad_amount"),
        ({"paid": "nan"}, "properties.revenue", "bad_amount"),
        ({"order": "x" * 100}, "message_id", "wrong_type"),
        ({"note": "x" * 40_000}, "properties.note", "too_large"),
        ({"note": "caf\udce9"}, "properties.note", "wrong_type"),
        ({"note": "a,b"}, "row", "wrong_type"),
    ],
)
def test_a_bad_value_is_refused_by_the_mappings_name_and_its_neighbours_are_taken(
    read: Callable[..., Batch], cells: dict[str, str], field: str, reason: str
) -> None:
    batch = read(ROW, changed(**cells), changed(order="8"))

    assert batch.rejections == [Rejection(2, field, reason)]
    assert [call.record for call in batch.calls] == [1, 3]


def test_rows_without_a_needed_column_are_passed_over_and_counted(read: Callable[..., Batch]) -> None:
    batch = read(ROW, changed(note="kept"), rules='skip_if_null = ["note"]\n' + MAPPING)

    assert ([call.record for call in batch.calls], batch.rejections, batch.skipped) == ([2], [], 1)


def test_times_without_an_offset_are_in_the_mappings_zone(read: Callable[..., Batch]) -> None:
    rules = MAPPING.replace('"at"', '"at"\nformat = "%d.%m.%Y %H:%M"\ntimezone = "Europe/Oslo"')

    [call] = read(changed(at="02.07.2026 12:00"), rules=rules).calls

    assert call.timestamp == parse_rfc3339("2026-07-02T10:00:00Z")


@pytest.mark.parametrize(("form", "written"), [("epoch_s", "1767323045.5"), ("epoch_ms", "1767323045500")])
def test_epoch_times_are_exact(read: Callable[..., Batch], form: str, written: str) -> None:
    [call] = read(changed(at=written), rules=MAPPING.replace('"at"', f'"at"\nformat = "{form}"')).calls

    assert call.timestamp == parse_rfc3339("2026-01-02T03:04:05.5Z")


def test_a_lookup_brings_columns_of_another_file(read: Callable[..., Batch], tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text("line,kind\nl1,wine\n")
    rules = MAPPING.replace("[constants]", 'category = { column = "lines.kind", optional = true }\n[constants]')
    rules += '\n[lookup.lines]\nfile = "lines.csv"\nkey = "line"\ncolumns = ["kind"]\n'

    batch = read(ROW, changed(line="l2"), rules=rules)

    assert [call.properties.get("category") for call in batch.calls] == ["wine", None]


def test_a_column_that_the_file_lacks_is_refused_before_any_row(read: Callable[..., Batch]) -> None:
    with pytest.raises(BadInput, match=r"shop\.toml: properties\.revenue: a column of the file; it has no payed"):
        read(ROW, rules=MAPPING.replace('"paid"', '"payed"'))


def test_a_table_needs_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(HEADER)

    with pytest.raises(BadInput, match="a mapping file"):
        open_source(str(tmp_path / "orders.csv"), received=lambda: 0)


def test_batches_of_a_csv_resume_where_the_last_one_ended(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(MAPPING)
    (tmp_path / "orders.csv").write_text("\n".join([HEADER, *(changed(order=str(row)) for row in range(1, 8))]))
    opened = [
        open_source(str(tmp_path / "orders.csv"), str(tmp_path / "shop.toml"), received=lambda: 0, batch=3, start=start)
        for start in (0, 3)
    ]

    whole, rest = [[call.record for batch in source.batches for call in batch.calls] for source in opened]

    assert (whole, rest) == ([1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7])


def parquet(path: Path, **columns: Any) -> Path:
    arrow, files = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    files.write_table(arrow.table(columns), path)
    return path


def test_parquet_says_the_same_as_csv(read: Callable[..., Batch], tmp_path: Path) -> None:
    from_csv = read(changed(paid="12.5"), changed(paid="3", order="8", customer="43", visitor=""))
    file = parquet(
        tmp_path / "orders.parquet",
        order=[7, 8],
        line=["l1", "l1"],
        money=["eur", "eur"],
        customer=[42.0, 43.0],  # as data frames write whole numbers beside gaps
        visitor=["v1", None],
        at=[datetime.fromisoformat("2026-01-02T02:04:05")] * 2,
        quantity=[2, 2],
        paid=["12.5", "3"],
        note=[None, None],
    )

    source = open_source(str(file), str(tmp_path / "shop.toml"), received=lambda: 7)
    [batch] = source.batches

    assert source.records == 2
    assert batch.calls == from_csv.calls
    assert batch.rejections == []


def test_a_parquet_row_is_refused_like_a_csv_row(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'source = "s"\nkind = "identify"\nidentifiers = { user_id = "{who}" }\ntime = { column = "day" }\n'
        '[properties]\nheight = { column = "height", type = "number" }\n'
        'since = { column = "day", type = "time" }\nnick = { column = "nick", optional = true }\n'
    )
    file = parquet(
        tmp_path / "t.parquet",
        who=[1, 0, 3, 4, None],
        day=[date(2026, 1, 2)] * 5,
        height=[1.5, 1.5, float("inf"), float("nan"), 2.0],
        nick=[["list"], None, None, None, None],
    )

    batches = list(open_source(str(file), str(tmp_path / "m.toml"), received=lambda: 0, batch=2, start=0).batches)

    assert [call for batch in batches for call in batch.calls] == []
    assert [(one.record, one.field, one.reason) for batch in batches for one in batch.rejections] == [
        (1, "properties.nick", "wrong_type"),
        (2, "identifiers.user_id", "blocked_identifier"),
        (3, "properties.height", "bad_number"),
        (4, "properties.height", "missing"),
        (5, "identifiers", "no_identifier"),
    ]
