"""What of a batch may be stored, and which words of consent it brings: decided by subject, under the append lock.

Nearly no call is concerned: only one whose class hangs on what the person said, or whose context holds a signal.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from domain.calls import Rejection
from domain.clock import day_of, month_of
from domain.events import Event
from governance.cleaning import ALIAS, Clean
from governance.consent import UNKNOWN, Standing
from governance.identity import Merge, redirect
from governance.keyring import EVIDENCE
from governance.keyrows import KeyRows
from governance.people import People, Person
from governance.purposes import conditional, refusal, unjustified
from governance.signals import TELLING, as_event, heard_at, news, signals
from governance.standing import Standings
from governance.store import Store

Places = dict[tuple[str, int], tuple[list[Event], list[bytes]]]
"""By class and epoch: events of one subject, with the digests of their messages."""


class Decided(NamedTuple):
    """Refusals, and subjects some of whose classes lost their last basis by what they said."""

    refused: list[Rejection]
    lost: set[bytes]


class Admission:
    """Applies one policy to what comes in; keeps the standings that it looked up for the next batch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._policy = store.policy
        self._rules = store.policy.rules.signals
        self._conditional = frozenset(name for name in store.policy.rules.classes if conditional(store.policy, name))
        self._telling = TELLING if self._rules != type(self._rules)() else frozenset[str]()
        self.standings = Standings(store)

    def sift(
        self, good: Sequence[Clean], people: People, rows: KeyRows, size: int
    ) -> tuple[Sequence[Clean], list[Rejection]]:
        """Leave out what cannot be admitted, before anybody is made or linked for it.

        A call whose person may consent, or become another's, in this same batch goes on to `decide`.
        """
        asked = [one for one in good if one.klass in self._conditional and one.call.kind != ALIAS]
        if not asked:
            return good, []
        names = {name for one in asked for name in one.call.identifiers}
        open_yet = {name for one in good if self._may_change(one) for name in one.call.identifiers}
        roots = {name: root for name in names if (root := people.subject(name)) is not None}
        self.standings.begin(rows, size, set(roots.values()))
        refused: dict[int, Rejection] = {}
        for one in asked:
            if open_yet.isdisjoint(one.call.identifiers):
                known = {roots[name] for name in one.call.identifiers if name in roots}
                said = self.standings.of(known.pop()) if len(known) == 1 else UNKNOWN
                reason = None if len(known) > 1 else refusal(self._policy, one.klass, said)
                if reason is not None:
                    refused[one.event.arrival] = Rejection(one.call.record, "event", reason)
        return [one for one in good if one.event.arrival not in refused], list(refused.values())

    def decide(
        self,
        fresh: Mapping[bytes, Places],
        told: Mapping[bytes, Sequence[Clean]],
        merges: Sequence[Merge],
        persons: Mapping[bytes, Person],
        rows: KeyRows,
        size: int,
    ) -> Decided:
        """Take out of `fresh` what may not be stored, and put in the facts that signals become."""
        decided = Decided([], set())
        concerned = {subject for subject, places in fresh.items() if self._concerns(places)}
        if not concerned:
            return decided
        joining = _joining(merges, concerned)
        self.standings.begin(rows, size, concerned.union(*((one.absorbed, one.into) for one in joining)))
        records = {one.event.arrival: one.call.record for subject in concerned for one in told[subject]}
        for subject, (before, facts, refused) in self._follow(concerned, fresh, joining, size).items():
            decided.refused.extend(Rejection(records[arrival], "event", reason) for arrival, reason in refused.items())
            self._take_out(refused, fresh[subject])
            self._put(facts, fresh[subject])
            if facts and self._loses(before, self.standings.of(subject)):
                decided.lost.add(subject)
        self._know_keys(concerned, persons, rows)
        return decided

    def appended(self, size: int, into: Mapping[bytes, bytes]) -> None:
        """The batch is committed; after merges nothing is known any more."""
        if not into:
            self.standings.appended(size)

    def _may_change(self, one: Clean) -> bool:
        """Whether a call may change what a person has said, or who it is."""
        is_linking = len(one.call.identifiers) > 1 or one.call.kind == ALIAS
        return self._tells(one.event) or (is_linking and one.klass not in self._conditional)

    def _tells(self, event: Event) -> bool:
        return bool(event.context) and not self._telling.isdisjoint(event.context)

    def _concerns(self, places: Places) -> bool:
        if any(klass in self._conditional for klass, _ in places):
            return True
        telling = self._telling  # asked of every event, in place: a call would be the dearest part of it
        for events, _ in places.values():
            for event in events:
                if event.context and not telling.isdisjoint(event.context):
                    return True
        return False

    def _follow(
        self, concerned: Collection[bytes], fresh: Mapping[bytes, Places], joining: Sequence[Merge], size: int
    ) -> dict[bytes, "_Followed"]:
        """Each call as the calls before it left the standing of its subject, who may become another's in between."""
        followed: dict[bytes, _Followed] = {}
        for arrival, subject, event, klass in _timeline(concerned, fresh, joining):
            if isinstance(event, Merge):
                self.standings.merge(event.absorbed, event.into)
                continue
            one = followed.setdefault(subject, _Followed(self.standings.of(subject), [], {}))
            for fact in self._heard(event, self.standings.of(subject)):
                self.standings.tell(subject, fact, first=size)
                one.facts.append(fact)
            reason = klass in self._conditional and refusal(self._policy, klass, self.standings.of(subject))
            if reason:
                one.refused[arrival] = reason
        return followed

    def _take_out(self, refused: Collection[int], places: Places) -> None:
        for place in [place for place in places if place[0] in self._conditional]:
            kept = [one for one in zip(*places.pop(place), strict=True) if one[0].arrival not in refused]
            if kept:
                places[place] = [event for event, _ in kept], [digest for _, digest in kept]

    def _heard(self, event: Event, standing: Standing) -> list[Event]:
        if not self._tells(event):
            return []
        said = news(signals(event.context, self._rules), standing, heard_at(event))
        return [as_event(one, event, self.standings.notice(one.purpose)) for one in said]

    def _put(self, facts: Sequence[Event], places: Places) -> None:
        has_end = bool(self._policy.months(EVIDENCE))
        for fact in facts:
            epoch = month_of(day_of(fact.recorded)) if has_end else 0
            events, digests = places.setdefault((EVIDENCE, epoch), ([], []))
            events.append(fact)
            digests.append(b"")

    def _loses(self, before: Standing, after: Standing) -> bool:
        return not set(unjustified(self._policy, after)) <= set(unjustified(self._policy, before))

    def _know_keys(self, subjects: Collection[bytes], persons: Mapping[bytes, Person], rows: KeyRows) -> None:
        """Evidence comes in through other doors too, whose keys the people of this door have not seen."""
        for key in self._store.keyring.open(rows.keys_of(subjects, EVIDENCE)):
            persons[key.subject].keys[key.klass, key.epoch] = key


class _Followed(NamedTuple):
    before: Standing
    facts: list[Event]
    refused: dict[int, str]  # why, by arrival


def _joining(merges: Sequence[Merge], concerned: Collection[bytes]) -> list[Merge]:
    """The merges that make one of those concerned another's, or bring him somebody."""
    into = {one.absorbed: one.into for one in merges}
    ends = {redirect(one, into) for one in concerned}
    return [one for one in merges if redirect(one.absorbed, into) in ends]


def _timeline(
    concerned: Collection[bytes], fresh: Mapping[bytes, Places], joining: Sequence[Merge]
) -> list[tuple[int, bytes, Event | Merge, str]]:
    """(arrival, subject, event or merge, class) in order of arrival; a merge comes before the call that made it."""
    told: list[tuple[int, bytes, Event | Merge, str]] = [(one.arrival, one.absorbed, one, "") for one in joining]
    told += [
        (event.arrival, subject, event, klass)
        for subject in concerned
        for (klass, _), (events, _) in fresh[subject].items()
        for event in events
    ]
    return sorted(told, key=lambda one: (one[0], not isinstance(one[2], Merge)))
