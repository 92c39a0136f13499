"""What people said, as it is kept outside the database: so that a restore does not undo a no.

A line is a letter, a random id of the word, a keyed mark of a subject, the month of receipt, and the word, sealed under
a key of that subject alone. It names nobody: the mark is an HMAC of a random id, and only the keyring knows whose.
What takes a permission away is written before it counts, for everybody who is one person now; what gives one after it
does, for the one subject whose word it is: whatever a crash loses, nobody is used for more than he agreed to.
"""

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from domain.clock import day_of, month_of
from domain.errors import Damaged
from domain.events import (
    CONSENTED,
    GRANTED,
    HELD,
    LIFTED,
    OBJECTED,
    REFUSED,
    RESTRICTED,
    REVOKED,
    UNKEYED,
    UNOBJECTED,
    WITHDREW,
    Micros,
)
from governance.keyring import EVIDENCE
from governance.keyrows import KeyRows
from governance.policy_shape import OWN_CLASS
from governance.publishing import publish, publish_when_due
from governance.sealing import DataKey, data_key, seal, unseal
from governance.store import Store

TAKING: Final = frozenset({REFUSED, WITHDREW, OBJECTED, RESTRICTED, HELD, REVOKED, UNKEYED})
GIVING: Final = frozenset({CONSENTED, UNOBJECTED, LIFTED, GRANTED})
ACTORS: Final = frozenset({REVOKED, UNKEYED, GRANTED})
TOLD: Final = frozenset({"purpose", "notice", "until", "ground", "hold", "role", "purposes", "name", "key", "ends"})
"""Of a word's properties what a restore needs; how it was given stays on the log."""

WENT: Final = "went/1"
"""Not on the log, whose act names the case alone: with which erasure a subject went. It outlives what he said."""

SPOKEN, ACTING, HOLDING, GONE = "s", "a", "h", "g"
LETTERS: Final = {**dict.fromkeys(ACTORS, ACTING), HELD: HOLDING, WENT: GONE}

WIDTHS: Final = [1, 16, 32, 4]
SEALED: Final = range(2 * 28, 1 << 20, 2)  # at least a nonce and a tag, in hexadecimal
MARK: Final = slice(19, 51)
ENDLESS: Final = 0xFFFF
"""In the place of the month: of holds, which end by their release, and of who may what."""


class Word(NamedTuple):
    """What one subject said."""

    subject: bytes
    kind: str
    at: Micros
    said: dict[str, Any]

    @property
    def klass(self) -> str:
        return OWN_CLASS if self.kind in ACTORS else EVIDENCE


class Line(NamedTuple):
    """A word as it lies outside."""

    letter: str  # what it is about, as `LETTERS` says
    word: str
    mark: str
    month: int  # of receipt
    sealed: bytes
    text: str


def as_word(subject: bytes, kind: str, at: Micros, properties: Mapping[str, Any]) -> Word:
    """What is kept of a fact, be it a word or not."""
    return Word(subject, kind, at, {name: one for name, one in properties.items() if name in TOLD})


def write_taking(store: Store, rows: KeyRows, words: Sequence[Word]) -> None:
    """Keep those of the words that take a permission away; under the append lock, before they are committed."""
    taking = [word for word in words if word.kind in TAKING]
    if not taking:
        return
    ends = rows.roots({word.subject for word in taking})
    roots = {word.subject: ends.get(word.subject, word.subject) for word in taking}
    joined = rows.absorbing(set(roots.values()))
    whole = {root: rows.members(root) if root in joined else [root] for root in set(roots.values())}
    _write(store, [(word, {word.subject, *whole[roots[word.subject]]}) for word in taking])


def write_giving(store: Store, words: Sequence[Word]) -> None:
    """Keep those of the words that give a permission; once they are committed."""
    _write(store, [(word, {word.subject}) for word in words if word.kind in GIVING])


def publish_words(store: Store, words: Iterable[Word], *, size: int, now: Micros) -> None:
    """A tree head that holds these, at once where one of them is a word: no older log passes for this one then.

    Else as `publish_when_due`, after an append that made the log so long.
    """
    if any(word.kind in TAKING | GIVING for word in words):
        publish(store.log, store.mirror)
    else:
        publish_when_due(store.log, store.mirror, size=size, now=now)


def lines_of(store: Store) -> list[Line]:
    """Whole lines that have not ended: one that a crash tore was never answered."""
    months, now = store.policy.months(EVIDENCE), month_of(day_of(store.clock()))
    lines = _parsed(store.mirror.words())
    return [line for line in lines if not months or line.month == ENDLESS or now - line.month <= months]


def opened(store: Store, lines: Iterable[Line], subjects: Collection[bytes]) -> list[tuple[Line, Word]]:
    """The words of these subjects, in the order in which they were written."""
    secret = store.blinder.derived(b"words")
    marks = {_mark(secret, subject): subject for subject in subjects}
    found = []
    for line in lines:
        if line.mark in marks and (word := _open(secret, marks[line.mark], line)) is not None:
            found.append((line, word))
    return found


def write_gone(store: Store, gone: Mapping[bytes, Collection[bytes]]) -> None:
    """Keep by case who goes with an erasure, before its act: whoever an older keyring brings back goes again."""
    found = of(store, {one for some in gone.values() for one in some})
    there = {(word.said.get("case"), word.subject) for _, word in found}
    new = {case.hex(): [one for one in some if (case.hex(), one) not in there] for case, some in gone.items()}
    _write(store, [(Word(some[0], WENT, 0, {"case": case}), some) for case, some in new.items() if some])


def gone_with(store: Store, subjects: Collection[bytes], case: bytes) -> set[bytes]:
    """Those of these subjects who went with an erasure."""
    lines = [line for line in lines_of(store) if line.letter == GONE]
    return {word.subject for _, word in opened(store, lines, subjects) if word.said["case"] == case.hex()}


def drop_of(store: Store, subjects: Collection[bytes], holds: Collection[str]) -> None:
    """Forget what these subjects said, but for whom these holds concern: an erased person takes his words along."""
    said = [(line, word) for line, word in of(store, subjects) if line.letter != GONE]
    store.mirror.drop_words({line.text for line, word in said if word.said.get("hold") not in holds})


def of(store: Store, subjects: Collection[bytes]) -> list[tuple[Line, Word]]:
    """The words of a few subjects: of the other lines nothing is read but the mark, at its place."""
    secret = store.blinder.derived(b"words")
    marks = {_mark(secret, subject) for subject in subjects}
    return opened(store, _parsed(text for text in store.mirror.words() if text[MARK] in marks), subjects)


def drop_hold(store: Store, subject: bytes, hold: str) -> None:
    """Forget whom a hold concerned, once it is released."""
    over = {line.word for line, word in of(store, [subject]) if word.said.get("hold") == hold}
    store.mirror.drop_words({line.text for line in _parsed(store.mirror.words()) if line.word in over} if over else ())


def drop_ended(store: Store) -> None:
    """Forget words whose evidence has ended by the policy, and lines that a crash tore."""
    kept = {line.text for line in lines_of(store)}
    store.mirror.drop_words({text for text in store.mirror.words() if text not in kept})


def _write(store: Store, words: Sequence[tuple[Word, Collection[bytes]]]) -> None:
    now = month_of(day_of(store.clock()))
    secret, random = store.blinder.derived(b"words"), store.random
    lines = []
    for word, subjects in words:
        letter, number = LETTERS.get(word.kind, SPOKEN), random(8).hex()
        month = now if letter == SPOKEN else ENDLESS
        plain = msgspec.msgpack.encode([word.kind, word.at, word.said])
        for subject in sorted(subjects):
            sealed = seal(_key(secret, subject), number.encode(), plain, random(12))
            lines.append(f"{letter} {number} {_mark(secret, subject)} {month:04x} {sealed.hex()}")
    store.mirror.add_words(lines)


def _parsed(lines: Iterable[str]) -> list[Line]:
    found = []
    for text in lines:
        parts = text.split(" ")
        if [len(part) for part in parts[:4]] == WIDTHS and len(parts) == 5 and len(parts[4]) in SEALED:
            letter, word, mark, month, sealed = parts
            found.append(Line(letter, word, mark, int(month, 16), bytes.fromhex(sealed), text))
    return found


def _open(secret: bytes, subject: bytes, line: Line) -> Word | None:
    """None for a line that a crash tore inside its sealed part."""
    try:
        plain = unseal(_key(secret, subject), line.word.encode(), line.sealed)
    except Damaged:
        return None
    kind, at, said = msgspec.msgpack.decode(plain)
    return Word(subject, kind, at, said)


def _mark(secret: bytes, subject: bytes) -> str:
    return hmac.digest(secret, b"mark" + subject, "sha256")[:16].hex()


def _key(secret: bytes, subject: bytes) -> DataKey:
    return data_key(bytes(16), subject, EVIDENCE, 0, hmac.digest(secret, b"seal" + subject, "sha256"))
