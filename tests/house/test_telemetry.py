"""Whatever is put into telemetry, nothing that is not on its lists comes out."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from adapters import telemetry
from domain.errors import LetheError

CANARY = "ada.lovelace@canary.example"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    handlers = logging.getLogger().handlers[:]
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    telemetry.configure(stream)
    return stream


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_level_event_and_the_fields_of_the_lists(out: io.StringIO) -> None:
    telemetry.log().info("entries.appended", count=3, position=41, seconds=0.25, door="cli", accepted=True)

    assert lines(out) == [
        {
            "level": "info",
            "event": "entries.appended",
            "count": 3,
            "position": 41,
            "seconds": 0.25,
            "door": "cli",
            "accepted": True,
        }
    ]


def test_a_field_that_is_on_no_list_is_dropped_and_counted(out: io.StringIO) -> None:
    telemetry.log().info("entries.appended", count=1, user=CANARY, **{CANARY: 1})

    assert lines(out) == [{"level": "info", "event": "entries.appended", "count": 1, "dropped": 2}]


@pytest.mark.parametrize("text", [CANARY, f"appended {CANARY}", "entries.appended\n", ""])
def test_an_event_outside_the_closed_set_has_no_name(out: io.StringIO, text: str) -> None:
    telemetry.log().warning(text)

    assert lines(out) == [{"level": "warning", "event": "-"}]


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        "Ada",
        "ada lovelace",
        "x" * 41,
        "cli\n",
        "+47912345",
        "4791234",
        "deadbeef0123",
        b"cli",
        ["cli"],
        {"a": 1},
    ],
)
def test_a_value_that_is_no_word_of_a_vocabulary_is_replaced(out: io.StringIO, value: object) -> None:
    telemetry.log().info("entries.appended", status=value)

    assert lines(out) == [{"level": "info", "event": "entries.appended", "status": "-"}]


@pytest.mark.parametrize("value", [CANARY, "12", float("nan"), float("inf"), 2**53, None, [1]])
def test_a_number_field_takes_only_finite_numbers(out: io.StringIO, value: object) -> None:
    telemetry.log().info("entries.appended", count=value)

    assert lines(out) == [{"level": "info", "event": "entries.appended", "count": "-"}]


def test_an_exception_shows_its_class_and_nothing_else(out: io.StringIO) -> None:
    try:
        raise LetheError(CANARY)
    except LetheError as error:
        telemetry.log().exception("request.failed", code="unexpected")
        telemetry.log().error("request.failed", error=error)
        telemetry.log().error("request.failed", exc_info=error)
        telemetry.log().error("request.failed", error=str(error))

    assert [line["error"] for line in lines(out)] == ["LetheError", "LetheError", "LetheError", "-"]
    assert CANARY not in out.getvalue()


def test_fields_bound_earlier_pass_the_same_gate(out: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(user=CANARY)
    telemetry.log().bind(user=CANARY, door="cli").info("entries.appended")

    assert lines(out) == [{"level": "info", "event": "entries.appended", "door": "cli", "dropped": 1}]


def test_what_a_library_logs_is_reported_without_its_text(out: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("some.library").exception("cannot store %s", CANARY)
    logging.getLogger("some.library").warning(CANARY)

    assert lines(out) == [
        {"level": "error", "event": "library.spoke", "logger": "some.library", "error": "ValueError"},
        {"level": "warning", "event": "library.spoke", "logger": "some.library"},
    ]
    assert CANARY not in "".join(capfd.readouterr())


def test_a_logger_that_nobody_configured_is_guarded_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()

    telemetry.log().warning(CANARY, user=CANARY)

    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err) == {"level": "warning", "event": "-", "dropped": 1}


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    telemetry.configure(stream, level=logging.ERROR)

    telemetry.log().info("entries.appended")

    assert stream.getvalue() == ""


def test_the_lists_speak_of_no_person() -> None:
    personal = {"user", "user_id", "identifier", "subject", "email", "ip", "message_id", "event", "at", "time", "day"}

    assert not personal & (telemetry.NUMBERS | telemetry.TOKENS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)
KEYS = st.sampled_from([*sorted(telemetry.NUMBERS), *sorted(telemetry.TOKENS), "error", "exc_info", CANARY]) | st.text()


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_every_field_that_comes_out_was_allowed(fields: dict[str, object]) -> None:
    kept = telemetry.admitted(fields)

    dropped = kept.pop("dropped", 0)
    assert kept.keys() <= telemetry.NUMBERS | telemetry.TOKENS | {"error"}
    assert dropped == len(
        [key for key in fields if key not in telemetry.NUMBERS | telemetry.TOKENS | {"error", "exc_info"}]
    )
    assert CANARY not in json.dumps(kept, allow_nan=False)
