"""What a line of JSON Lines may not be, and that a bad one harms no other."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.batch import Batch
from adapters.sources.jsonl import read
from domain.calls import REASONS
from domain.identifiers import is_trait


def track(**members: Any) -> dict[str, Any]:
    return {"type": "track", "event": "E", "userId": "u1", "timestamp": "2026-11-23T16:43:48Z", **members}


def batches(*lines: Any) -> list[Batch]:
    raw = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return list(read(io.BytesIO(raw), received=lambda: 7))


def refused(line: Any) -> tuple[str, str]:
    [batch] = batches(line)
    assert batch.calls == []
    [rejection] = batch.rejections
    assert rejection.record == 1
    return rejection.field, rejection.reason


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b"{", "record", "not_json"),
        (b"[1]", "record", "not_json"),
        (b"\xff\xfe", "record", "not_json"),
        (b'{"type":"track","event":"\\ud800"}', "record", "not_json"),
        (track(type=None), "type", "missing"),
        (track(type="trak"), "type", "unknown_type"),
        (track(type=1), "type", "wrong_type"),
        (track(event=None), "event", "missing"),
        (track(event=["x"]), "event", "wrong_type"),
        (track(userId=None), "userId", "no_identifier"),
        (track(userId=1.5), "userId", "wrong_type"),
        (track(anonymousId=True), "anonymousId", "wrong_type"),
        (track(timestamp="yesterday"), "timestamp", "bad_time"),
        (track(sentAt=1763913600), "sentAt", "bad_time"),
        (track(properties=[1]), "properties", "wrong_type"),
        (track(properties={"a": 2**64}), "properties.*", "bad_number"),
        (track(context={"a": [{"b": -(2**63) - 1}]}), "context.*", "bad_number"),
        (json.dumps(track(properties={"a": float("inf")})).encode(), "properties.*", "bad_number"),
        (json.dumps(track()).encode()[:-1] + b',"properties":{"a":1e999}}', "properties.*", "bad_number"),
        (track(properties={str(key): key for key in range(513)}), "properties.*", "too_deep"),
        (track(properties=json.loads('{"a":' * 9 + "1" + "}" * 9)), "properties.*", "too_deep"),
        (track(properties={"a": json.loads("[" * 8 + "]" * 8)}), "properties.*", "too_deep"),
        (b'{"properties":' + b'{"a":' * 100_000, "record", "too_deep"),
        (track(properties={"a": "x" * 33_000}), "record", "too_large"),
        (b'{"a":"' + b"x" * 600_000 + b'"}', "record", "too_large"),
        (track(messageId="m" * 101), "messageId", "wrong_type"),
        (track(context={"externalIds": [{"id": "1", "type": "a:b"}]}), "context.externalIds", "wrong_type"),
        (track(context={"externalIds": [{"id": "0", "type": "crm"}]}), "context.externalIds", "blocked_identifier"),
        ({"type": "group", "userId": "u1"}, "groupId", "missing"),
        ({"type": "alias", "userId": "u1"}, "previousId", "missing"),
        ({"type": "alias", "anonymousId": "a1", "previousId": "p"}, "userId", "missing"),
        ({"type": "alias", "userId": "u1", "previousId": "undefined"}, "previousId", "blocked_identifier"),
        ({"batch": {}}, "batch", "wrong_type"),
        (track(batch=[]), "batch", "wrong_type"),
        (track(batch=[track()]), "batch", "wrong_type"),
        ({"batch": [track(batch=[])]}, "batch", "wrong_type"),
    ],
)
def test_what_is_wrong_is_refused_by_field_and_reason(line: Any, field: str, reason: str) -> None:
    assert refused(line) == (field, reason)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "null",
        "NULL",
        "None",
        "nil",
        "undefined",
        "NaN",
        "unknown",
        "-1",
        -1,
        0,
        "0",
        "True",
        "false",
        "N/A",
        "[object Object]",
        "00000000-0000-0000-0000-000000000000",
        " null ",
        "x" * 257,
    ],
)
def test_a_placeholder_is_nobody(value: str | int) -> None:
    assert refused(track(userId=value)) == ("userId", "blocked_identifier")
    assert refused(track(anonymousId=value)) == ("anonymousId", "blocked_identifier")


@pytest.mark.parametrize(
    ("kind", "value", "finds"),
    [
        ("email", "ann@example.org", True),
        ("email", "undefined", False),
        ("email", "[object Object]", False),
        ("email", "example.org@", False),
        ("email", "@example.org", False),
        ("email", " ann@example.org", True),
        ("email", " @     ", False),
        ("phone", "+47 123 45", True),
        ("phone", "(+47) -12", False),
        ("phone", "on request", False),
        ("loyalty_card", "gold-card", True),
        ("loyalty_card", "Unknown", False),
        ("loyalty_card", "x" * 257, False),
    ],
)
def test_a_trait_finds_a_person_only_if_it_can_be_somebodys(kind: str, value: str, finds: bool) -> None:
    assert is_trait(kind, value) is finds


def test_what_lies_within_the_limits_is_taken() -> None:
    deep = json.loads('{"a":' * 8 + "1" + "}" * 8)

    [batch] = batches(
        track(properties=deep), track(properties={"a": 2**64 - 1, "b": [1] * 600}), track(userId="x" * 256)
    )

    assert (len(batch.calls), batch.rejections) == (3, [])


def test_a_bad_line_does_not_block_its_neighbours() -> None:
    [batch] = batches(track(userId="a"), b"{", b"  ", b"x" * 2_000_000, track(userId="b"))

    assert [(call.record, call.identifiers) for call in batch.calls] == [(1, ["user_id:a"]), (5, ["user_id:b"])]
    assert [(one.record, one.reason) for one in batch.rejections] == [(2, "not_json"), (4, "too_large")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = (
    "type event userId anonymousId previousId groupId messageId timestamp sentAt name properties traits context batch"
)
FIELDS = {*MEMBERS.split(), "record", "context.traits", "context.externalIds"}


@given(
    st.dictionaries(st.sampled_from(MEMBERS.split()), JSON)
    | st.dictionaries(st.sampled_from(MEMBERS.split()), JSON).map(lambda members: track(**members))
)
def test_any_object_is_calls_or_a_rejection_that_repeats_nothing_of_it(line: dict[str, Any]) -> None:
    for rejection in [one for batch in batches(line) for one in batch.rejections]:
        assert rejection.reason in REASONS
        assert rejection.field.removesuffix(".*") in FIELDS


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_taken_and_never_raise(raw: bytes) -> None:
    for batch in batches(raw):
        assert {rejection.reason for rejection in batch.rejections} <= REASONS.keys()
