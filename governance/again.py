"""What a restore does again of what came after the backup: rules, holds, and the words of people and about actors."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from domain.acts import Act, HoldReleased, HoldSet, NoticePublished, PolicyPublished
from governance.actors import count_change
from governance.consenting import uncounts
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.keyrows import LIVE, HoldRow, KeyRows
from governance.lost_basis import remove_unjustified
from governance.mirrored import Owed
from governance.models import replace_models
from governance.policy_shape import OWN_CLASS
from governance.standing import evidence
from governance.store import POLICY, Locked, Store
from governance.subjects import component, own_entries
from governance.words import ACTING, HOLDING, SPOKEN, Word, lines_of, opened

DUE: Final = "words_due"
"""The keyring's number: 1 from the declaration of a restore until people's words were said again."""

PEOPLE_AT_ONCE: Final = 500
NAMING: Final = ("purpose", "role", "key")
"""What a word is about: with its kind and time, one word is told from another."""

LOST: Final = {SPOKEN: "words", ACTING: "roles"}
"""What counts as lost where the backup knows nobody whose it is."""

Told = dict[bytes, dict[str, Word]]
"""By root: its words by their ids; who was joined meanwhile may have the same one twice."""

Held = Sequence[tuple[HoldSet, bytes]]


class Again(NamedTuple):
    """How many words were said again, and how many are of nobody whom the backup knows."""

    words: int
    lost: dict[str, int]


def rules_with_texts(store: Store, due: Owed) -> list[tuple[str, Act]]:
    """Those of the policies and notices whose text the mirror has, which is kept with the log."""
    found = []
    for name, act in due.rules:
        digest = act.hash if isinstance(act, PolicyPublished | NoticePublished) else ""
        text = store.mirror.text(digest)
        if text is not None and sha256(text.encode()).hexdigest() == digest:
            store.log.keep_document(digest, "policy" if isinstance(act, PolicyPublished) else "notice", text)
            found.append((name, act))
    return found


def holds_with_people(store: Store, rows: KeyRows, due: Owed) -> Held:
    """Those of the holds that concern one person whom the keyring knows, in whatever state, and who that is."""
    if not due.held:
        return []
    subjects = [row.subject for row in rows.every_subject()]
    concerned: dict[str, set[bytes]] = {}
    for line, word in opened(store, lines_of(store), subjects):
        if line.letter == HOLDING:
            concerned.setdefault(word.said["hold"], set()).add(word.subject)
    ends = rows.roots({one for some in concerned.values() for one in some})
    people = {hold: {ends.get(one, one) for one in some} for hold, some in concerned.items()}
    return [(act, min(people[act.hold])) for act in due.held if len(people.get(act.hold, ())) == 1]


def put(
    locked: Locked, rules: Iterable[tuple[str, Act]], held: Held, released: Iterable[HoldReleased], at: int
) -> None:
    """Bring the keyring to what these acts say, whose append began at this size; under its lock."""
    rows = locked.keys
    for act, subject in held:
        rows.add_hold(HoldRow(bytes.fromhex(act.hold), subject, at))
    rows.drop_holds([bytes.fromhex(act.hold) for act in released])
    for _, rule in rules:
        if isinstance(rule, PolicyPublished):
            rows.set_number(POLICY, rule.version)
    rows.set_number("born", at)


def counted(due: Owed, but: Owed | None = None) -> dict[str, int]:
    """How much of each kind, less what is left of it."""
    left = counted(but) if but is not None else {}
    policies = sum(isinstance(act, PolicyPublished) for _, act in due.rules)
    counts = {
        "policies": policies,
        "notices": len(due.rules) - policies,
        "holds": len(due.held),
        "releases": len(due.released),
    }
    return {name: count - left.get(name, 0) for name, count in counts.items() if count > left.get(name, 0)}


def say_again(store: Store) -> Again:
    """Record what was said and the log lost, and destroy what lost its last basis by it; safe to repeat."""
    with store.keyring.database.reading() as rows:
        if not rows.number(DUE):
            return Again(0, {})
        lines = lines_of(store)
        states = {row.subject: row.state for row in rows.every_subject()} if lines else {}
        found = opened(store, lines, states)
        ends = rows.roots({word.subject for _, word in found})
    told: Told = {}
    for line, word in found:
        root = ends.get(word.subject, word.subject)
        if states[root] == LIVE and line.letter in LOST:
            told.setdefault(root, {})[line.word] = word
    roots, said = sorted(told), 0
    for start in range(0, len(roots), PEOPLE_AT_ONCE):
        some = roots[start : start + PEOPLE_AT_ONCE]
        said += _record(store, {root: told[root] for root in some})
    known = {line.word for line, _ in found}
    lost = [line for line in lines if line.word not in known and line.letter in LOST]
    store.mirror.drop_words({line.text for line in lost})  # Nobody will ever be known by these marks again.
    with store.lock() as locked:
        locked.keys.set_number(DUE, 0)
    return Again(said, dict(Counter(LOST[letter] for letter, _ in {(line.letter, line.word) for line in lost})))


def _record(store: Store, told: Told) -> int:
    missing = _missing(store, told)
    facts = [_fact(root, word) for root, words in missing.items() for word in words]
    if not facts:
        return 0
    record(store, facts, under_lock=count_change)
    for root, words in missing.items():
        if any(word.klass == EVIDENCE for word in words):
            remove_unjustified(store, root)
    if any(uncounts(store, word.kind, word.said) for words in missing.values() for word in words):
        replace_models(store, "objection")
    return len(facts)


def _missing(store: Store, told: Told) -> dict[bytes, list[Word]]:
    """By root: what the log does not tell of it, in the order in which it was said."""
    with store.keyring.database.reading() as rows:
        heard = evidence(store, told, rows)
    found: dict[bytes, list[Word]] = {}
    for root, words in told.items():
        known = Counter(_name(one.event.kind, one.event.at, one.event.properties) for one in heard[root])
        if any(word.klass != EVIDENCE for word in words.values()):
            bodies = own_entries(store, component(store, root), classes={OWN_CLASS}).bodies
            known.update(_name(one.kind, one.at, one.properties) for *_, body in bodies for one in body.events)
        for word in sorted(words.values(), key=lambda one: one.at):  # stable: within a moment as they were written
            name = _name(word.kind, word.at, word.said)
            known[name] -= 1
            if known[name] < 0:
                found.setdefault(root, []).append(word)
    return found


def _name(kind: str, at: int, said: dict[str, Any]) -> tuple[object, ...]:
    return (kind, at, *(said.get(name) for name in NAMING))


def _fact(root: bytes, word: Word) -> Fact:
    method = {"method": "restored"} if word.klass == EVIDENCE else {}
    return Fact(root, word.klass, word.kind, {**word.said, **method}, at=word.at)
