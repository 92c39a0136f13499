"""Automatic signals of consent inside events: what they say, and when it is news.

A signal repeats on every call what was chosen once. So it counts only when it differs from what the same signal said
last, and a first yes does not undo a no that may be younger: a stale cookie changes nothing, its absence says nothing.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from domain.clock import SECOND
from domain.events import CONSENTED, REFUSED, Event, Micros
from governance.consent import Standing
from governance.policy_shape import Signals

GPC, TCF, CATEGORIES = "gpc", "tcf", "categories"
TELLING: Final = frozenset({"consent", "gpc", "headers", "tcString"})
"""Members of a call's context that may hold a signal."""

STRING_AT_MOST: Final = 4096
VERSIONS_AT_MOST: Final = 1 << 31
DECISECOND: Final = SECOND // 10
TCF_VERSION: Final = 2
CORE_BITS: Final = 176  # up to the end of PurposesConsent
PURPOSES: Final = (152, 176)
UPDATED: Final = (42, 78)


class Said(NamedTuple):
    """What a signal says of one purpose."""

    method: str
    purpose: str
    is_given: bool
    stamp: int = 0  # of the choice: a smaller one is older
    notice: int | None = None  # version that was shown, where the signal tells
    evidence: str = ""

    @property
    def chosen(self) -> Micros:
        """When the person chose, as far as the signal tells; 0 when it does not."""
        return self.stamp * DECISECOND if self.method == TCF else 0


class Tcf(NamedTuple):
    """What counts of a TCF string."""

    updated: int  # deciseconds since 1970-01-01
    purposes: frozenset[int]  # consented to


def signals(context: Mapping[str, Any], rules: Signals) -> list[Said]:
    """What a call's context says, consents first: of two that contradict each other the refusal is the last word."""
    said: list[Said] = []
    consent = context.get("consent")
    if isinstance(consent, Mapping):
        said += _categories(consent, rules)
        said += _tcf(consent.get("tcf"), rules)
    said += _tcf(context.get("tcString"), rules)
    if refuses_sale(context):
        said += [Said(GPC, purpose, False) for purpose in rules.gpc]
    return sorted(said, key=lambda one: not one.is_given)


def news(said: Iterable[Said], before: Standing, at: Micros) -> list[Said]:
    """Those that say something else than the same signal did last, or say it of a newer choice.

    What was heard `at` an earlier time than that is history. A refusal is said again behind a new consent of the
    same call, so that it stays the last word.
    """
    told = list(said)
    fresh = [one for one in told if _is_news(one, before, at)]
    agreed = {one.purpose for one in fresh if one.is_given}
    return [one for one in told if one in fresh or (one.purpose in agreed and not one.is_given)]


def as_event(said: Said, call: Event, notice: int) -> Event:
    """The fact that a signal of this call becomes.

    `notice` is the version in force: for signals that name none, or one that is not published yet.
    """
    properties: dict[str, Any] = {"purpose": said.purpose, "method": said.method, "stamp": said.stamp}
    if said.is_given:
        properties["notice"] = notice if said.notice is None else min(said.notice, notice)
    if said.evidence:
        properties["evidence"] = said.evidence
    kind = CONSENTED if said.is_given else REFUSED
    return Event(
        kind, "", heard_at(call), call.recorded, call.arrival, call.source, "", properties, {}, policy=call.policy
    )


def heard_at(call: Event) -> Micros:
    """No later than its receipt: a device whose clock is ahead does not outdo what the person says meanwhile."""
    return min(call.at, call.recorded)


def refuses_sale(context: Mapping[str, Any]) -> bool:
    """Whether Global Privacy Control is on: `1` is its only value, also where a proxy has joined several headers."""
    if context.get("gpc") is True:
        return True
    headers = context.get("headers")
    if not isinstance(headers, Mapping):
        return False
    values = (value for name, value in headers.items() if name.lower() == "sec-gpc" and isinstance(value, str))
    return any(part.strip() == "1" for value in values for part in value.split(","))


def decode_tcf(text: str) -> Tcf | None:
    """The purposes of a TCF v2 string's core (IAB Tech Lab); None for what is none.

    A core that ends too early is none: the bits that are not there are no consent.
    """
    core = text[:STRING_AT_MOST].partition(".")[0]
    try:
        raw = base64.b64decode(core + "=" * (-len(core) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    size = len(raw) * 8
    bits = int.from_bytes(raw, "big")

    def number(start: int, end: int) -> int:
        return (bits >> (size - end)) & ((1 << (end - start)) - 1)

    if size < CORE_BITS or number(0, 6) != TCF_VERSION:
        return None
    first, last = PURPOSES
    agreed = frozenset(one for one in range(1, last - first + 1) if number(first + one - 1, first + one))
    return Tcf(number(*UPDATED), agreed)


def _categories(consent: Mapping[str, Any], rules: Signals) -> list[Said]:
    """A purpose of several categories is given when all are, and refused when one is."""
    preferences = consent.get("categoryPreferences")
    if not isinstance(preferences, Mapping):
        return []
    needed: dict[str, list[Any]] = {}
    for category, purpose in rules.categories.items():
        needed.setdefault(purpose, []).append(preferences.get(category))
    version = consent.get("noticeVersion")
    notice = version if type(version) is int and 0 < version <= VERSIONS_AT_MOST else None
    return [
        Said(CATEGORIES, purpose, all(word is True for word in words), notice or 0, notice)
        for purpose, words in needed.items()
        if any(word is False for word in words) or all(word is True for word in words)
    ]


def _tcf(text: Any, rules: Signals) -> list[Said]:
    found = decode_tcf(text) if isinstance(text, str) and rules.tcf else None
    if found is None:
        return []
    return [
        Said(TCF, purpose, found.purposes.issuperset(numbers), found.updated, None, text[:STRING_AT_MOST])
        for purpose, numbers in rules.tcf.items()
    ]


def _is_news(said: Said, before: Standing, at: Micros) -> bool:
    last = before.signals.get((said.method, said.purpose))
    if last is not None:
        if said.stamp < last.stamp or at < last.at:
            return False
        if said.is_given != (last.word == "given"):
            return True
        if said.stamp == last.stamp:
            return False
    return not said.is_given or said.chosen > _no_since(before, said.purpose)


def _no_since(standing: Standing, purpose: str) -> Micros:
    """Since when the last word on a purpose is a no; -1 when it is none."""
    return max(no.get(purpose, -1) for no in (standing.refused, standing.withdrawn, standing.objected))
