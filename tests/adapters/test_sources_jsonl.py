"""JSON Lines in the shape of the tracking API."""

import io
import json
from typing import Any

import pytest

from adapters.sources.batch import Batch
from adapters.sources.jsonl import read
from adapters.sources.opening import open_source
from adapters.sources.tracking import Around, read_call
from domain.calls import Call, Rejection
from domain.clock import parse_rfc3339
from domain.errors import BadInput

AT = "2026-11-23T16:43:48.886+00:00"


def track(**members: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Product Viewed", "userId": "u1", "timestamp": AT, **members}


def batches(*lines: Any, **options: Any) -> list[Batch]:
    raw = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return list(read(io.BytesIO(raw), received=lambda: 7, **options))


def calls(*lines: Any, **options: Any) -> list[Call]:
    found = batches(*lines, **options)
    assert [batch.rejections for batch in found] == [[]] * len(found)
    return [call for batch in found for call in batch.calls]


def test_a_line_as_a_client_sends_it_becomes_a_call() -> None:
    line = track(anonymousId="a1", messageId="m1", properties={"price": 2.5}, context={"ip": "::1"}, integrations={})

    assert calls(line) == [
        Call(
            record=1,
            kind="track/1",
            name="Product Viewed",
            identifiers=["user_id:u1", "anonymous_id:a1"],
            message_id="m1",
            timestamp=parse_rfc3339(AT),
            properties={"price": 2.5},
            context={"ip": "::1"},
        )
    ]


def test_nulls_are_absent_and_numbers_are_identifiers() -> None:
    [call] = calls(track(userId=42, anonymousId=None, context=None, properties=None, category=None, messageId=None))

    assert call.identifiers == ["user_id:42"]
    assert (call.properties, call.context, call.message_id) == ({}, {}, "")


def test_a_call_keeps_its_three_times_uncorrected() -> None:
    original, sent = "2026-11-20T12:59:50Z", "2026-11-20T13:00:00Z"

    [call] = calls(track(originalTimestamp=original, sentAt=sent))

    assert (call.timestamp, call.original, call.sent) == tuple(map(parse_rfc3339, (AT, original, sent)))
    assert call.recorded is None


def test_a_backfilled_call_was_received_at_its_own_time() -> None:
    [given, original] = calls(track(), track(timestamp=None, originalTimestamp=AT), is_backfill=True)

    assert given.recorded == original.recorded == parse_rfc3339(AT)


def test_traits_of_an_identify_call_may_be_in_the_context_alone() -> None:
    line = {
        "type": "identify",
        "userId": "u1",
        "traits": {"city": "Oslo"},
        "context": {"traits": {"city": "?", "age": 3}},
    }

    [call] = calls(line)

    assert call.properties == {"city": "Oslo", "age": 3}
    assert call.context == {}


def test_external_identifiers_stand_between_the_user_and_the_anonymous_one() -> None:
    external = [{"id": "a@b.example", "type": "email", "collection": "users", "encoding": "none"}, {"id": None}]

    [call] = calls(track(anonymousId="a1", context={"externalIds": external, "locale": "nb"}))

    assert call.identifiers == ["user_id:u1", "email:a@b.example", "anonymous_id:a1"]
    assert call.context == {"locale": "nb"}


def test_a_group_call_names_its_group_among_the_properties() -> None:
    [call] = calls({"type": "group", "userId": "u1", "groupId": 7, "traits": {"plan": "pro"}})

    assert call.properties == {"plan": "pro", "group_id": "7"}


def test_a_page_call_copies_its_category_without_overwriting() -> None:
    own, copied = calls(
        {"type": "page", "userId": "u1", "name": "Home", "category": "a", "properties": {"category": "b"}},
        {"type": "page", "userId": "u1", "category": "a"},
    )

    assert (own.name, own.properties, copied.properties) == ("Home", {"category": "b"}, {"category": "a"})


def test_an_alias_to_oneself_is_a_call_and_no_error() -> None:
    [call] = calls({"type": "alias", "userId": "u1", "previousId": "u1"})

    assert (call.kind, call.identifiers, call.previous) == ("alias/1", ["user_id:u1"], "previous_id:u1")


def test_the_items_of_a_batch_share_its_record_its_context_and_its_send_time() -> None:
    line = {
        "batch": [track(context={"locale": "nb"}), track(userId=None), track(sentAt="2026-11-24T00:00:00Z")],
        "sentAt": "2026-11-23T17:00:00Z",
        "timestamp": "2000-01-01T00:00:00Z",
        "context": {"locale": "en", "app": {"name": "shop"}},
    }

    [batch] = batches(track(), line)

    assert [call.record for call in batch.calls] == [1, 2, 2]
    assert batch.rejections == [Rejection(2, "userId", "no_identifier")]
    assert batch.calls[1].context == {"locale": "nb", "app": {"name": "shop"}}
    assert batch.calls[1].sent == parse_rfc3339("2026-11-23T17:00:00Z")
    assert batch.calls[2].sent == parse_rfc3339("2026-11-24T00:00:00Z")
    assert {call.timestamp for call in batch.calls} == {parse_rfc3339(AT)}


def test_reading_resumes_after_the_last_record_of_a_batch() -> None:
    lines = [track(userId=f"u{number}") for number in range(10)]
    first = batches(*lines, batch=4)[0]

    rest = calls(*lines, start=first.last_record)

    assert (first.last_record, first.received) == (4, 7)
    assert [call.record for call in first.calls] + [call.record for call in rest] == list(range(1, 11))


def test_bytes_read_grow_to_the_size_of_the_input() -> None:
    found = batches(*[track()] * 5, batch=2)

    assert [batch.last_record for batch in found] == [2, 4, 5]
    assert found[-1].bytes_read == len(b"\n".join([json.dumps(track()).encode()] * 5))


def test_an_address_may_name_the_type_that_a_body_leaves_out() -> None:
    call = read_call(b'{"userId":"u1","event":"E"}', 1, Around(type="track"))

    assert isinstance(call, Call)
    assert call.kind == "track/1"


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert len(calls(b"\xef\xbb\xbf" + json.dumps(track()).encode())) == 1


def test_standard_input_is_json_lines() -> None:
    source = open_source("-", received=lambda: 0, standard_input=io.BytesIO(json.dumps(track()).encode()))

    assert [len(batch.calls) for batch in source.batches] == [1]


def test_a_file_of_an_unknown_kind_is_refused_by_name(tmp_path: Any) -> None:
    (tmp_path / "events.xlsx").write_bytes(b"")

    with pytest.raises(BadInput, match=r"events\.xlsx: file: a name that ends in \.jsonl"):
        open_source(str(tmp_path / "events.xlsx"), received=lambda: 0)
    with pytest.raises(BadInput, match="a file that exists"):
        open_source(str(tmp_path / "none.jsonl"), received=lambda: 0)
