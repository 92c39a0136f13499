"""Automatic signals of consent: what a call says, and when it is news."""

import base64
from typing import Any

import pytest

from domain.clock import DAY, SECOND
from domain.events import CONSENTED, REFUSED, TRACK, WITHDREW, Event
from governance.consent import Standing, evolve, standing
from governance.policy import check, default_text
from governance.policy_shape import Signals
from governance.signals import Said, as_event, decode_tcf, news, refuses_sale, signals

RULES = Signals(
    gpc=("advertising",),
    categories={"Advertising": "advertising", "Stats": "analytics", "Tests": "analytics"},
    tcf={"advertising": (3, 4)},
)
NOTHING = "CQSbk4AQSbk4ANwAAAENAwCgAAAAAAAAAAAgACPAAAAA.IDKQA4AAgAKAGQAygAAA.YAAAAAAAAAAA"  # IAB TCF v2.3
WHEN = 1748908800 * 10  # 2025-06-03 in deciseconds: the string's LastUpdated


def tcf(*purposes: int, updated: int = WHEN, version: int = 2, bits: int = 216) -> str:
    """A string that consents to these purposes."""
    core = version << (bits - 6) | updated << (bits - 78)
    for one in purposes:
        core |= 1 << (bits - 152 - one)
    return base64.urlsafe_b64encode(core.to_bytes(bits // 8, "big")).decode().rstrip("=")


def categories(**preferences: Any) -> dict[str, Any]:
    return {"consent": {"categoryPreferences": preferences}}


def words(context: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(one.method, one.purpose, one.is_given) for one in signals(context, RULES)]


def test_a_tcf_string_is_read_as_the_specification_says() -> None:
    assert decode_tcf(NOTHING) == (WHEN, frozenset())
    assert decode_tcf(tcf(1, 3, 24)) == (WHEN, frozenset({1, 3, 24}))


@pytest.mark.parametrize(
    "text",
    ["", "?", "CQSbk4AQSbk4ANwAAAENAwC", NOTHING[:20], tcf(3, 4, version=1), tcf(3, 4).replace("A", "é"), "a" * 9],
)
def test_what_is_no_whole_tcf_string_consents_to_nothing(text: str) -> None:
    assert decode_tcf(text) is None
    assert words({"consent": {"tcf": text}}) == []


def test_a_purpose_needs_every_category_and_every_tcf_purpose_of_its() -> None:
    assert words(categories(Stats=True, Tests=True)) == [("categories", "analytics", True)]
    assert words(categories(Stats=True, Tests=False)) == [("categories", "analytics", False)]
    assert words(categories(Stats=True)) == words(categories(Stats="yes", Other=True)) == words({"consent": 7}) == []
    assert words({"tcString": tcf(3, 4)}) == [("tcf", "advertising", True)]
    assert words({"consent": {"tcf": tcf(3)}}) == [("tcf", "advertising", False)]


@pytest.mark.parametrize("value", ["1", "1, 1", "0, 1", " 1 "])
def test_global_privacy_control_is_on_where_one_header_says_1(value: str) -> None:
    assert refuses_sale({"headers": {"Sec-GPC": value}})


@pytest.mark.parametrize(
    "context", [{}, {"gpc": "1"}, {"gpc": 1}, {"gpc": False}, {"headers": 1}]
    + [{"headers": {"Sec-GPC": value}} for value in ("0", "true", "", "11", 1)]
)  # fmt: skip
def test_anything_else_is_no_signal(context: dict[str, Any]) -> None:
    assert not refuses_sale(context)


def test_of_a_yes_and_a_no_in_one_call_the_no_is_the_last_word() -> None:
    assert heard(Standing(), {**categories(Advertising=True), "gpc": True}).refused.keys() == {"advertising"}


def test_a_signal_counts_once_and_its_absence_says_nothing() -> None:
    refused = heard(Standing(), {"gpc": True})

    assert news(signals({"gpc": True}, RULES), refused, 9 * DAY) == []
    assert heard(refused, {}) == heard(refused, {"gpc": False}) == refused


def test_a_stale_yes_does_not_undo_what_the_person_said_since() -> None:
    agreed = heard(Standing(), categories(Advertising=True))
    withdrawn = standing([as_fact("categories", True), said(WITHDREW)])
    never_heard = standing([said(WITHDREW)])

    assert agreed.given.keys() == {"advertising"}
    assert heard(withdrawn, categories(Advertising=True)) == withdrawn
    assert heard(never_heard, categories(Advertising=True)) == never_heard
    assert heard(never_heard, {"tcString": tcf(3, 4)}) == never_heard  # older than the withdrawal
    assert heard(never_heard, {"tcString": tcf(3, 4, updated=WHEN + 20 * 864_000)}).given.keys() == {"advertising"}


def test_a_choice_that_was_changed_counts_again() -> None:
    refused = heard(heard(Standing(), categories(Advertising=True)), categories(Advertising=False))

    assert refused.refused.keys() == {"advertising"}
    assert heard(refused, categories(Advertising=True)).given.keys() == {"advertising"}


def test_what_was_heard_earlier_and_comes_later_is_history() -> None:
    refused = heard(Standing(), categories(Advertising=False))

    assert news(signals(categories(Advertising=True), RULES), refused, 8 * DAY) == []


def test_of_two_tcf_strings_the_older_says_nothing_new() -> None:
    refused = heard(Standing(), {"tcString": tcf(updated=WHEN + 864_000)})

    assert heard(refused, {"tcString": tcf(3, 4)}) == refused


def test_a_new_yes_under_an_old_no_of_the_same_call_leaves_the_no() -> None:
    refused = heard(heard(Standing(), {"gpc": True}), categories(Advertising=False))

    both = heard(refused, {**categories(Advertising=True), "gpc": True})

    assert both.refused.keys() == {"advertising"}
    assert heard(both, categories(Advertising=True)) == both  # GPC is away, and nothing flips back


def test_a_signal_is_no_later_than_its_receipt_and_names_no_notice_to_come() -> None:
    ahead = Event(TRACK, "x", 5 * SECOND, SECOND, 3, "web", "m", {}, {})

    fact = as_event(Said("categories", "advertising", True, 9, notice=9), ahead, notice=2)

    assert (fact.kind, fact.at, fact.recorded, fact.arrival, fact.properties["notice"]) == (
        CONSENTED, SECOND, SECOND, 3, 2,
    )  # fmt: skip
    assert as_event(Said("gpc", "advertising", False), ahead, 2).kind == REFUSED


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('gpc = ["service"]', "signals.gpc"),  # a contract: there is nothing to refuse
        ('gpc = ["curiosity"]', "signals.gpc"),
        ('categories = { Ads = "curiosity" }', "signals.categories.Ads"),
        ("tcf = { curiosity = [3] }", "signals.tcf.curiosity"),
        ("tcf = { advertising = [] }", "signals.tcf.advertising"),
        ("tcf = { advertising = [25] }", "signals.tcf.advertising"),
    ],
)
def test_a_signal_speaks_only_for_purposes_that_can_be_refused(line: str, path: str) -> None:
    before, _, rest = default_text().partition("[signals]")
    after = "[requests]" + rest.partition("[requests]")[2]

    [fault] = check(f"{before}[signals]\n{line}\n{after}", "policy")

    assert path in str(fault)


def heard(before: Standing, context: dict[str, Any], at: int = 9 * DAY) -> Standing:
    """What stands after a call with this context."""
    call, now = Event(TRACK, "x", at, at, 0, "web", "m", {}, context), before
    for one in news(signals(context, RULES), before, at):
        now = evolve(now, as_event(one, call, 0))
    return now


def as_fact(method: str, is_given: bool) -> Event:
    call = Event(TRACK, "x", DAY, DAY, 0, "web", "m", {}, {})
    return as_event(Said(method, "advertising", is_given), call, 0)


def said(kind: str) -> Event:
    at = (WHEN // 10) * SECOND + 10 * DAY
    return Event(kind, "", at, at, 0, "lethe", "", {"purpose": "advertising", "method": "officer"}, {})
