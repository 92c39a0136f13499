"""Facts that governance itself records about a subject or a case: sealed data entries like any other."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from domain.clock import day_of, month_of
from domain.events import Event, Micros
from domain.log import Head
from governance.appending import Draft, Group, compose, keep_keys
from governance.keyring import Minted
from governance.keyrows import LIVE, KeyRows, SubjectRow
from governance.sealing import DataKey
from governance.store import Locked, Store, recover_orphans
from governance.words import Word, as_word, publish_words, write_giving, write_taking


class Fact(NamedTuple):
    """What is to be told of one subject, and the class under which it is kept."""

    subject: bytes
    klass: str
    kind: str
    properties: dict[str, Any]
    at: Micros | None = None  # when it was said, of one that a restore says again; None: now


def record(
    store: Store,
    facts: Sequence[Fact],
    *,
    opened: Sequence[bytes] = (),
    under_lock: Callable[[Locked], None] = lambda _: None,
) -> set[bytes]:
    """Append facts in one transaction; `opened` are cases among their subjects that are made if they are not there.

    `under_lock` runs before: what it raises stops the append, what it writes is committed with it.
    Returns the subjects that are fenced or unknown: nothing was stored of those.
    """
    now, words = store.clock(), list[Word]()
    with store.lock() as locked:
        head = locked.log.head()
        recover_orphans(locked.keys, head.size)
        under_lock(locked)
        there = locked.keys.subjects({*opened, *(fact.subject for fact in facts)})
        rows = [
            SubjectRow(one, int.from_bytes(store.random(8), "big") >> 1, LIVE, None, head.size)
            for one in opened
            if one not in there  # a register may be opened by two at once
        ]
        known = {**there, **{row.subject: row for row in rows}}
        told = [fact for fact in facts if fact.subject in known and known[fact.subject].state == LIVE]
        if told:
            write_taking(store, locked.keys, words := _words(told, now))
            minted = _append(store, locked, head, told, known, now)
            locked.keys.add_subjects(rows)
            keep_keys(minted, size=head.size, rows=locked.keys)
            locked.keys.set_number("born", head.size)
    write_giving(store, words)
    publish_words(store, words, size=store.log.head().size, now=now)
    return {fact.subject for fact in facts} - {fact.subject for fact in told}


def _words(told: Sequence[Fact], now: Micros) -> list[Word]:
    """What is to be kept outside, but for what was brought from there."""
    return [as_word(one.subject, one.kind, now, one.properties) for one in told if one.at is None]


def _append(
    store: Store, locked: Locked, head: Head, told: Sequence[Fact], known: dict[bytes, SubjectRow], now: int
) -> list[Minted]:
    keys, minted = _keys(store, locked.keys, {(fact.subject, fact.klass, _epoch(store, fact, now)) for fact in told})
    grouped: dict[tuple[bytes, str, int], list[Event]] = {}
    for arrival, fact in enumerate(told):
        event = Event(
            fact.kind, "", now if fact.at is None else fact.at, now, arrival, "lethe", "", fact.properties, {}
        )
        grouped.setdefault((fact.subject, fact.klass, _epoch(store, fact, now)), []).append(event)
    groups = [Group(keys[place], known[place[0]].handle, events, b"") for place, events in grouped.items()]
    locked.log.insert(
        compose(Draft(minted, (), groups), head=head, log=store.log, now=now, actor=store.actor,
                random=store.random, sign=store.sign)
    )  # fmt: skip
    return minted


def _epoch(store: Store, fact: Fact, now: int) -> int:
    return month_of(day_of(now)) if store.policy.months(fact.klass) else 0


def _keys(
    store: Store, rows: KeyRows, wanted: Collection[tuple[bytes, str, int]]
) -> tuple[dict[tuple[bytes, str, int], DataKey], list[Minted]]:
    places = {(row.subject, row.klass, row.epoch): row for row in rows.keys_of({place[0] for place in wanted})}
    found = store.keyring.open([places[place] for place in wanted if place in places])
    missing = sorted(place for place in wanted if place not in places)
    minted = store.keyring.mint(missing, store.random) if missing else []
    every = [*found, *(one.key for one in minted)]
    return {(key.subject, key.klass, key.epoch): key for key in every}, minted
