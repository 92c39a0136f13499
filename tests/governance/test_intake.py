"""The door in: whose clock counts, what is refused by name, and that neighbours never suffer for it."""

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from adapters.settings import Settings
from adapters.wiring import rejected
from domain.calls import Rejection
from domain.clock import DAY, SECOND, parse_rfc3339
from domain.events import Event
from governance.access import AsOf, Reader
from governance.cleaning import FIRST
from governance.door import recorder
from governance.policy import default_text
from governance.projecting import catch_up_to_head
from governance.receipt import Progress
from governance.store import Store
from governance.subjects import component, find, find_all, own_entries
from tests.conftest import NOW, call, make_store, take_in

MINUTES = 60 * SECOND
MONTHS = 25  # how long the default policy keeps behaviour


@pytest.fixture
def embedded(sqlite_settings: Settings) -> Store:
    """A store where the database does not matter."""
    return make_store(sqlite_settings)


def events(store: Store, who: str = "user_id:1") -> list[Event]:
    """A person's stored calls in order of arrival."""
    own = own_entries(store, component(store, find(store, who)))
    found = [event for _, _, _, body in own.bodies for event in body.events if event.message_id]
    return sorted(found, key=lambda event: event.arrival)


def at(text: str | None) -> int | None:
    return None if text is None else parse_rfc3339(text)


@pytest.mark.parametrize(
    ("original", "sent", "expected"),
    [
        pytest.param("2026-11-23T12:59:50Z", "2026-11-23T13:00:00Z", "2026-11-23T11:59:50Z", id="one hour fast"),
        pytest.param("2026-11-23T10:59:50Z", "2026-11-23T11:00:00Z", "2026-11-23T11:59:50Z", id="one hour slow"),
        pytest.param("2026-11-20T12:00:00Z", "2026-11-23T12:00:00Z", "2026-11-20T12:00:00Z", id="an import"),
        pytest.param("2026-11-20T12:00:00Z", None, "2026-11-20T12:00:00Z", id="sent when nobody says"),
        pytest.param(None, "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", id="happened when nobody says"),
        pytest.param(None, None, "2026-11-23T12:00:00Z", id="no clock at all"),
        pytest.param("2026-11-23T12:05:00Z", None, "2026-11-23T12:05:00Z", id="five minutes ahead"),
        pytest.param("2026-11-23T12:05:00.000001Z", None, "2026-11-23T12:00:00Z", id="more than five ahead"),
        pytest.param("2099-01-01T00:00:00Z", None, "2026-11-23T12:00:00Z", id="from the future"),
        pytest.param("2099-01-01T00:00:00Z", "2099-01-01T00:00:01Z", "2026-11-23T11:59:59Z", id="far ahead, steadily"),
        pytest.param("1970-01-01T00:00:00Z", None, "1970-01-01T00:00:00Z", id="a clock never set"),
    ],
)
@pytest.mark.parametrize("field", ["original", "timestamp"])
def test_event_time_is_corrected_by_how_far_the_devices_clock_is_off(
    embedded: Store, original: str | None, sent: str | None, expected: str, field: str
) -> None:
    times: dict[str, Any] = {field: at(original), "sent": at(sent)}
    take_in(embedded, call(1, **times))

    (event,) = events(embedded)

    assert (event.at, event.recorded) == (at(expected), NOW)
    assert (event.original, event.sent) == (at(original), at(sent))


def test_the_original_time_counts_more_than_the_timestamp(embedded: Store) -> None:
    take_in(embedded, call(1, original=NOW - DAY, timestamp=NOW - 2 * DAY))

    assert events(embedded)[0].at == NOW - DAY


def test_a_backfill_is_received_when_it_says_it_was(embedded: Store) -> None:
    then = parse_rfc3339("2025-03-04T05:06:07Z")
    take_in(embedded, call(1, recorded=then), call(2, timestamp=then + DAY), call(3, original=then), backfill=True)
    take_in(embedded, call(4, timestamp=then, recorded=then))

    found = events(embedded)

    receipts = {event.message_id: event.recorded for event in found}
    assert receipts == {"m1": then, "m2": then + DAY, "m3": then, "m4": NOW}
    assert {event.message_id: event.at for event in found} == {"m1": then, "m2": then + DAY, "m3": then, "m4": then}
    epochs = {row.epoch for row in component(embedded, find(embedded, "user_id:1")).keys if row.klass == "behaviour"}
    assert epochs == {(2025 - 1970) * 12 + 2, (2026 - 1970) * 12 + 10}


def test_a_backfill_five_minutes_off_is_measured_from_its_own_receipt(embedded: Store) -> None:
    then = NOW - 100 * DAY
    calls = (
        call(1, recorded=then, timestamp=then + 5 * MINUTES),
        call(2, recorded=then, timestamp=then + 5 * MINUTES + 1),
    )
    take_in(embedded, *calls, backfill=True)

    assert [event.at for event in events(embedded)] == [then + 5 * MINUTES, then]


def test_what_came_too_early_or_too_late_does_not_hold_back_its_neighbours(store: Store, settings: Settings) -> None:
    calls = (
        call(1, "user_id:1", recorded=NOW),
        call(2, "user_id:2", recorded=NOW + 1),
        call(3, "user_id:1", recorded=parse_rfc3339("2024-10-01T00:00:00Z")),
        call(4, "user_id:2", recorded=parse_rfc3339("2024-09-30T23:59:59Z")),
        call(5, "user_id:3", recorded=parse_rfc3339("1999-01-01T00:00:00Z"), kind="identify/1"),
        call(6, "user_id:1", recorded=NOW - DAY),
    )

    receipt = take_in(store, *calls, source="old files", backfill=True)

    assert (receipt.read, receipt.accepted, receipt.rejected) == (6, 4, 2)
    assert [event.message_id for event in events(store)] == ["m1", "m3", "m6"]
    assert [event.message_id for event in events(store, "user_id:3")] == ["m5"]
    assert [(row["source"], row["record"], row["field"], row["reason"]) for row in rejected(settings, 10)] == [
        ("old files", 4, "recorded", "expired"),
        ("old files", 2, "recorded", "future"),
    ]


@pytest.mark.parametrize(
    ("field", "times"),
    [
        ("timestamp", {"original": "0001-01-01T00:00:00Z", "sent": "9998-01-01T00:00:00Z"}),
        ("timestamp", {"original": "9999-12-31T23:59:59-14:00"}),
        ("recorded", {"timestamp": "0001-01-01T00:00:00+14:00"}),
        ("recorded", {"recorded": "9999-12-31T23:59:59-14:00"}),
    ],
)
def test_a_time_at_the_calendars_ends_is_refused(store: Store, settings: Settings, field: str, times: Any) -> None:
    bad: Any = {name: at(text) for name, text in times.items()}
    first = call(3, kind="identify/1", timestamp=FIRST, properties={"city": "Oslo"})

    assert take_in(store, call(1), call(2, kind="identify/1", **bad), first, backfill=field == "recorded").accepted == 2
    assert [(row["record"], row["field"], row["reason"]) for row in rejected(settings, 9)] == [(2, field, "bad_time")]
    catch_up_to_head(store)
    assert Reader(store, "tester").read("user_id:1", "service")["attributes"]["city"]["at"] == "0001-01-02T00:00:00Z"


def test_nothing_of_a_class_that_needs_consent_is_taken_in_without_it(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings, policy=default_text() + '[events.HIV]\ncategory = "user.health_and_medical"\n')

    assert take_in(store, call(1), call(2, "user_id:2", name="HIV")).accepted == 1
    assert [(row["field"], row["reason"]) for row in rejected(sqlite_settings, 9)] == [("event", "no_consent")]
    assert find_all(store, ["user_id:1", "user_id:2"]).keys() == {"user_id:1"}


def test_an_address_finds_its_person_in_any_spelling_and_a_placeholder_nobody(embedded: Store) -> None:
    take_in(embedded, call(1, kind="identify/1", properties={"email": "ann@example.org", "phone": "unknown"}))
    spellings = ["email:ann@example.org", "email:Ann@Example.org"]

    assert find_all(embedded, [*spellings, "phone:unknown"]) == dict.fromkeys(spellings, find(embedded, "user_id:1"))
    for moment in (AsOf(position=9), AsOf(time=NOW)):
        told = Reader(embedded, "tester").read_many(spellings, "personalization", moment)
        assert [one["attributes"]["email"]["value"] for one in told if isinstance(one, dict)] == ["ann@example.org"] * 2


def test_who_is_only_in_refused_records_does_not_exist(store: Store) -> None:
    size = store.log.head().size

    receipt = take_in(store, call(1, "user_id:2", recorded=NOW + DAY), backfill=True)

    assert (receipt.rejected, receipt.first_position, receipt.last_position) == (1, None, None)
    assert store.log.head().size == size
    with store.keyring.database.reading() as rows:
        assert rows.identifiers([store.blinder.blind("user_id:2")]) == {}


def test_refusals_of_the_door_and_of_intake_are_kept_newest_first_and_up_to_a_limit(
    store: Store, settings: Settings
) -> None:
    door = recorder(store, source="web", backfill=True)
    receipt = door.record([call(3, recorded=NOW + 1), call(4)], [Rejection(1, "event", "missing")])

    found = rejected(settings, 10)

    assert (receipt.read, receipt.accepted, receipt.rejected) == (3, 1, 2)
    assert [(row["record"], row["reason"]) for row in found] == [(3, "future"), (1, "missing")]
    assert found[1]["text"] == "the field is required"
    assert rejected(settings, 1) == found[:1]
    assert {key for row in found for key in row} == {"source", "record", "field", "reason", "text"}


def test_progress_is_kept_with_the_events_it_counts(store: Store) -> None:
    door = recorder(store, source="file")

    door.record([call(1), call(2)], progress=Progress(b"file", 2))
    assert (store.log.progress(b"file"), len(events(store))) == (2, 2)
    assert store.log.progress(b"another") == 0

    door.record([call(3)], progress=Progress(b"file", 0))
    assert (store.log.progress(b"file"), len(events(store))) == (0, 3)


def test_a_batch_that_fails_leaves_neither_progress_nor_refusals_nor_events(store: Store, settings: Settings) -> None:
    take_in(store, call(1))

    def no_pen(_size: int, _root: bytes) -> str:
        raise sqlite3.OperationalError("disk full")

    door = recorder(replace(store, sign=no_pen), source="file")
    with pytest.raises(sqlite3.OperationalError):
        door.record([call(2), call(3, "user_id:2")], [Rejection(9, "event", "missing")], Progress(b"file", 3))

    assert store.log.progress(b"file") == 0
    assert rejected(settings, 10) == []
    assert [event.message_id for event in events(store)] == ["m1"]
    working = recorder(store, source="file")
    assert working.record([call(2), call(3, "user_id:2")]).accepted == 2


def test_a_door_that_failed_once_goes_on_with_what_is_really_stored(store: Store) -> None:
    broken = [True]

    def pen(size: int, root: bytes) -> str:
        if broken[0]:
            raise sqlite3.OperationalError("disk full")
        return store.sign(size, root)

    door = recorder(replace(store, sign=pen), source="test")
    with pytest.raises(sqlite3.OperationalError):
        door.record([call(1, "user_id:1", "anonymous_id:a")])
    broken[0] = False

    assert door.record([call(1, "user_id:1", "anonymous_id:a")]).accepted == 1
    assert find(store, "user_id:1") == find(store, "anonymous_id:a")


def test_an_empty_batch_appends_nothing(store: Store) -> None:
    head = store.log.head()

    receipt = take_in(store)

    assert (receipt.read, receipt.accepted, receipt.first_position) == (0, 0, None)
    assert store.log.head() == head


def test_records_without_a_message_id_get_one_from_their_place(store: Store) -> None:
    calls = [call(1, message_id=""), call(1, message_id=""), call(2, message_id="")]
    for expected in ((3, 0), (0, 3)):
        receipt = recorder(store, source="file", origin="digest").record(calls)
        assert (receipt.accepted, receipt.duplicates) == expected

    assert len({event.message_id for event in events(store)}) == 3
    assert recorder(store, source="file", origin="other digest").record(calls).accepted == 3
