"""What a door hands to intake: one decoded call, or the reason why a record is none."""

from typing import Any

from msgspec import Struct, field

from domain.events import Micros


class Call(Struct, frozen=True, kw_only=True, gc=False):
    """One tracking-API call, whatever door it came through. Times are UTC microseconds."""

    record: int  # line, row or message number at its source, from 1: what a rejection names
    kind: str  # an event kind of `domain.events`, or "alias/1"
    name: str = ""
    identifiers: list[str] = field(default_factory=list)  # "kind:value", strongest first
    previous: str | None = None  # alias: the identifier that joins the first of `identifiers`
    message_id: str = ""  # empty: intake derives one from the source file and the record number
    timestamp: Micros | None = None
    original: Micros | None = None
    sent: Micros | None = None
    recorded: Micros | None = None  # declared receipt time of a backfill
    properties: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


class Rejection(Struct, frozen=True, gc=False):
    """Why a record was refused. Never carries the value; an unknown field is `properties.*`."""

    record: int
    field: str
    reason: str  # a code of `REASONS`


REASONS: dict[str, str] = {
    "not_json": "the line is not a JSON object",
    "too_large": "the record is larger than 32 KB",
    "missing": "the field is required",
    "wrong_type": "the field has another type than the API gives it",
    "unknown_type": "type is one of identify, track, page, screen, group, alias",
    "blocked_identifier": "the identifier is empty, a placeholder such as null or -1, or longer than 256 characters",
    "no_identifier": "a call needs userId or anonymousId",
    "bad_time": "a time is RFC 3339, or as the mapping says, and well within the years 1 to 9999",
    "bad_amount": "an amount is a finite decimal number within 10^12",
    "bad_currency": "a currency is a code of three letters",
    "bad_number": "a number is finite and within 64 bits",
    "too_deep": "properties nest at most 8 levels and hold at most 512 keys",
    "no_consent": "the class needs a consent that was not given",
    "no_basis": "no purpose that would justify the class has a basis for this person",
    "expired": "the retention period of the record's class ended before it came in",
    "future": "a declared receipt time lies in the future",
    "merge_too_large": "the merge would join more identifiers than policy allows",
    "not_a_subject": "the identifier does not name a person of its own",
}
