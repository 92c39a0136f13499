"""A subject's standing: what he agreed to, refused, took back, objected to or restricted, as his events tell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final, NamedTuple

from domain.events import CONSENTED, LIFTED, OBJECTED, REFUSED, RESTRICTED, UNOBJECTED, WITHDREW, Event, Micros

SAID: Final = {CONSENTED: "given", REFUSED: "refused", WITHDREW: "withdrawn", OBJECTED: "objected"}
SPEAKING: Final = frozenset({*SAID, UNOBJECTED, RESTRICTED, LIFTED})
"""The kinds that make up a standing."""


class Terms(NamedTuple):
    """What a consent was given to, and for how long."""

    notice: int = 0  # version of the notice that the person was shown; 0: none
    until: Micros | None = None  # None: until it is withdrawn


class Heard(NamedTuple):
    """What an automatic signal said last."""

    word: str
    stamp: int  # that of the choice, as the signal counts: a smaller one is older
    at: Micros  # when it was heard


PLAIN: Final = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """By purpose, since when. Of one purpose only the last word counts."""

    given: Mapping[str, Micros] = field(default_factory=dict)
    refused: Mapping[str, Micros] = field(default_factory=dict)
    withdrawn: Mapping[str, Micros] = field(default_factory=dict)
    objected: Mapping[str, Micros] = field(default_factory=dict)
    expired: Mapping[str, Micros] = field(default_factory=dict)  # consents that ended by themselves
    outdated: Mapping[str, Micros] = field(default_factory=dict)  # consents to an older notice: to be asked again
    restricted: Micros | None = None  # GDPR Art. 18: kept, but not used
    grounds: frozenset[str] = frozenset()  # of the restriction
    terms: Mapping[str, Terms] = field(default_factory=dict)  # of consents, where there are any
    signals: Mapping[tuple[str, str], Heard] = field(default_factory=dict)  # by method and purpose


UNKNOWN: Final = Standing()


def standing(events: Iterable[Event]) -> Standing:
    """Of events in the order of `domain.events.Order`; those of other kinds change nothing."""
    return reduce(evolve, events, UNKNOWN)


def evolve(before: Standing, event: Event) -> Standing:
    """What was said after one more event; saying the same again keeps the earlier time."""
    if event.kind == RESTRICTED:
        since = event.at if before.restricted is None else before.restricted
        ground = {event.properties["ground"]} if "ground" in event.properties else set()
        return replace(before, restricted=since, grounds=before.grounds | ground)
    if event.kind == LIFTED:
        return replace(before, restricted=None, grounds=frozenset())
    if event.kind not in SPEAKING:
        return before
    word, purpose = SAID.get(event.kind), event.properties["purpose"]
    now = {name: _without(getattr(before, name), purpose) for name in SAID.values()}
    if word is not None:  # else an objection is taken back, and nothing is said any more
        now[word][purpose] = getattr(before, word).get(purpose, event.at)
    terms, signals = _terms(before, event, word), _signals(before, event, word)
    return Standing(**now, restricted=before.restricted, grounds=before.grounds, terms=terms, signals=signals)


def current(said: Standing, *, at: Micros, notices: Mapping[str, int]) -> Standing:
    """What of it holds at a moment, under the newest notices (by purpose).

    A consent whose time is over has expired; one to an older notice is outdated, which asks the person again
    (PIPL Art. 14). Neither is `given` any more.
    """
    ends = {purpose: terms.until for purpose, terms in said.terms.items() if terms.until is not None}
    expired = {purpose: until for purpose, until in ends.items() if until <= at}
    outdated = {
        purpose: since
        for purpose, since in said.given.items()
        if purpose not in expired and said.terms.get(purpose, PLAIN).notice < notices.get(purpose, 0)
    }
    if not expired and not outdated:
        return said
    given = {purpose: since for purpose, since in said.given.items() if purpose not in {*expired, *outdated}}
    return replace(said, given=given, expired=expired, outdated=outdated)


def _terms(before: Standing, event: Event, word: str | None) -> dict[str, Terms]:
    others = {name: terms for name, terms in before.terms.items() if name != event.properties["purpose"]}
    terms = Terms(event.properties.get("notice") or 0, event.properties.get("until"))
    return {**others, event.properties["purpose"]: terms} if word == "given" and terms != PLAIN else others


def _signals(before: Standing, event: Event, word: str | None) -> Mapping[tuple[str, str], Heard]:
    stamp = event.properties.get("stamp")
    if stamp is None or word is None:
        return before.signals
    place = (event.properties["method"], event.properties["purpose"])
    return {**before.signals, place: Heard(word, stamp, event.at)}


def _without(said: Mapping[str, Micros], purpose: str) -> dict[str, Micros]:
    return {name: since for name, since in said.items() if name != purpose}
