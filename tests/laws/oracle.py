"""What a store has to answer, told as plainly as can be: people, their keys, their words, holds, oblivion.

It knows nothing of logs, projections or databases; the rules are those of DESIGN, written a second time.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

MONTHS = {"identity": 0, "behaviour": 3, "content": 3, "commerce": 12}
CLASS = {
    "Traits": "identity",
    "Product Viewed": "behaviour",
    "Product Reviewed": "content",
    "Order Completed": "commerce",
}
PURPOSE = {"behaviour": "personalization", "content": "marketing"}
"""The one purpose that justifies a class; the other classes need none. It is there until objected to, or by consent."""


class Said(NamedTuple):
    """An event that was taken in."""

    name: str
    at: int
    recorded: int
    message: str


@dataclass
class Key:
    """One subject's key of a class and month; never the same again once it is destroyed."""

    serial: int
    events: list[Said] = field(default_factory=list)


@dataclass
class Soul:
    """A subject as it was made: who was joined with whom is told apart."""

    links: list[tuple[int, str]] = field(default_factory=list)
    keys: dict[tuple[str, int], Key] = field(default_factory=dict)
    words: list[tuple[int, str, str]] = field(default_factory=list)  # (when, word, purpose)
    messages: set[str] = field(default_factory=set)
    into: int | None = None
    is_apart: bool = False
    erasure: int | None = None


class Hold(NamedTuple):
    """What must stay, of whom, until when."""

    soul: int
    classes: frozenset[str]
    until: int


@dataclass
class Memory:
    """All that an older copy of the store brings back."""

    souls: dict[int, Soul] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    holds: dict[bytes, Hold] = field(default_factory=dict)


@dataclass
class Oracle:
    """One history; what was destroyed or suppressed stays so whatever is brought back."""

    now: int
    memory: Memory = field(default_factory=Memory)
    marked: set[str] = field(default_factory=set)
    destroyed: set[int] = field(default_factory=set)
    erasures: list[set[int]] = field(default_factory=list)
    copy: Memory | None = None
    _made: int = 0

    # Who is who.

    def root(self, name: str) -> int | None:
        """The person that an identifier names."""
        return self._end(self.memory.names[name]) if name in self.memory.names else None

    def roots(self) -> list[int]:
        return sorted({self._end(soul) for soul in self.memory.names.values()})

    def members(self, root: int) -> list[int]:
        """Everybody whose fate is this subject's: joined with it, or erased with it."""
        souls = self.memory.souls
        erasure = souls[root].erasure
        if erasure is not None:
            return [number for number, soul in souls.items() if soul.erasure == erasure]
        return [number for number in souls if self._end(number) == root]

    def first_name(self, root: int) -> str:
        return min(link for one in self.members(root) for link in self.memory.souls[one].links)[1]

    def merged_names(self) -> list[str]:
        """Identifiers that a merge brought to somebody."""
        return sorted(name for name, soul in self.memory.names.items() if self.memory.souls[soul].into is not None)

    def a_name_of(self, root: int) -> str:
        """One that leads to this person now."""
        return min(name for name in self.memory.names if self.root(name) == root)

    # What comes in.

    def take(self, names: Sequence[str], name: str, message: str, at: int, *, anew: bool = False) -> str:
        """Returns what the receipt counts it as."""
        klass, known = CLASS[name], {root for one in names if (root := self.root(one)) is not None}
        if len(known) < 2 and not self._is_justified(klass, next(iter(known), None)):
            return "rejected"
        free = [one for one in names if one in self.memory.names or anew or one not in self.marked]
        if names[0] not in free:
            return "suppressed"
        root = self._settle(free, at)
        if any(message in self.memory.souls[one].messages for one in self.members(root)):
            return "duplicates"
        if not self._is_justified(klass, root):
            return "rejected"
        place = (klass, month_of(self.now) if MONTHS[klass] else 0)
        soul = self.memory.souls[root]
        soul.keys.setdefault(place, Key(self._number())).events.append(Said(name, at, self.now, message))
        soul.messages.add(message)
        return "accepted"

    def alias(self, target: str, previous: str) -> str:
        if any(one in self.marked and one not in self.memory.names for one in (target, previous)):
            return "suppressed"
        root = self.root(target)
        root = self.root(previous) if root is None else root
        root = self._born() if root is None else root
        for one in (target, previous):
            other = self.root(one)
            if other is None:
                self._link(one, root, self.now)
            elif other != root:
                self.memory.souls[other].into = root
        return "accepted"

    def unmerge(self, apart: str) -> None:
        soul = self.memory.names[apart]
        self.memory.souls[soul].into = None
        for one in self.members(soul):
            self.memory.souls[one].is_apart = True

    # What people say.

    def say(self, root: int, word: str, purpose: str = "") -> None:
        self.memory.souls[root].words.append((self.now, word, purpose))
        self._remove_unjustified(root)

    def word(self, root: int | None, purpose: str) -> str:
        """The last word on a purpose."""
        said = [word for _, word, about in self._words(root) if about == purpose and word not in ("restrict", "lift")]
        return said[-1] if said else ""

    def is_restricted(self, root: int | None) -> bool:
        said = [word for _, word, _ in self._words(root) if word in ("restrict", "lift")]
        return said[-1:] == ["restrict"]

    def may(self, root: int, purpose: str) -> bool:
        """Whether a profile may be read for a purpose."""
        return not self.is_restricted(root) and self._holds(root, purpose)

    # What goes, and what stays.

    def erase(self, root: int) -> bool:
        """Returns whether something is held back."""
        self.erasures.append(set(self.members(root)))
        self._destroy(root, lambda klass, month: True)
        self._forget(len(self.erasures) - 1)
        return any(self.memory.souls[one].keys for one in self.erasures[-1])

    def retain(self) -> None:
        month = month_of(self.now)
        for root in self.roots():
            self._destroy(root, lambda klass, since: bool(MONTHS[klass]) and month - since > MONTHS[klass])
            self._remove_unjustified(root)
        self.complete()

    def complete(self) -> None:
        """Holds that are over go, and with them what they alone kept of the erased."""
        self.memory.holds = {name: hold for name, hold in self.memory.holds.items() if hold.until > self.now}
        for number, soul in self.memory.souls.items():
            if soul.erasure is not None:
                self._destroy(number, lambda klass, month: True)

    def back_up(self) -> None:
        self.copy = deepcopy(self.memory)

    def restore(self) -> None:
        """An older copy, less what was destroyed since."""
        assert self.copy is not None
        self.memory = deepcopy(self.copy)
        for soul in self.memory.souls.values():
            soul.keys = {place: key for place, key in soul.keys.items() if key.serial not in self.destroyed}
        for number in range(len(self.erasures)):
            self._forget(number)

    def counts(self, root: int) -> dict[str, int]:
        return dict(Counter(said.name for said in self.events(root) if CLASS[said.name] != "identity"))

    def events(self, root: int) -> Iterator[Said]:
        for one in self.members(root):
            for key in self.memory.souls[one].keys.values():
                yield from key.events

    def _end(self, soul: int) -> int:
        while (into := self.memory.souls[soul].into) is not None:
            soul = into
        return soul

    def _is_known(self, root: int) -> bool:
        """Whether it is somebody by a name of his own, and not a device alone."""
        members = self.members(root)
        users = {soul for name, soul in self.memory.names.items() if name.startswith("user_id:")}
        return any(one in users or self.memory.souls[one].is_apart for one in members)

    def _settle(self, names: Sequence[str], at: int) -> int:
        root = self.root(names[0])
        if root is None and len(names) > 1:
            device = self.root(names[1])
            root = None if device is not None and self._is_known(device) else device
        root = self._born() if root is None else root
        for one in names:
            other = self.root(one)
            if other is None:
                self._link(one, root, at)
            elif other != root and not self._is_known(other):
                self.memory.souls[other].into = root
        return root

    def _born(self) -> int:
        number = self._number()
        self.memory.souls[number] = Soul(keys={("identity", 0): Key(self._number())})
        return number

    def _link(self, name: str, root: int, at: int) -> None:
        self.memory.names[name] = root
        self.memory.souls[root].links.append((at, name))

    def _words(self, root: int | None) -> list[tuple[int, str, str]]:
        return (
            [] if root is None else sorted(said for one in self.members(root) for said in self.memory.souls[one].words)
        )

    def _holds(self, root: int | None, purpose: str) -> bool:
        word = self.word(root, purpose)
        return word == "grant" if purpose == "marketing" else word != "object"

    def _is_justified(self, klass: str, root: int | None) -> bool:
        return klass not in PURPOSE or self._holds(root, PURPOSE[klass])

    def _remove_unjustified(self, root: int) -> None:
        if not self.is_restricted(root):
            self._destroy(root, lambda klass, month: not self._is_justified(klass, root))

    def _destroy(self, root: int, is_due: Callable[[str, int], bool]) -> None:
        members = self.members(root)
        for one in members:
            keys = self.memory.souls[one].keys
            for place in [place for place in keys if is_due(*place) and not self._is_held(members, place[0])]:
                self.destroyed.add(keys.pop(place).serial)

    def _is_held(self, members: Collection[int], klass: str) -> bool:
        return any(
            hold.soul in members and hold.until > self.now and (not hold.classes or klass in hold.classes)
            for hold in self.memory.holds.values()
        )

    def _forget(self, erasure: int) -> None:
        gone = self.erasures[erasure]
        for number in gone & self.memory.souls.keys():
            self.memory.souls[number].erasure, self.memory.souls[number].into = erasure, None
        for name in [name for name, soul in self.memory.names.items() if soul in gone]:
            del self.memory.names[name]
            self.marked.add(name)
        for soul in self.memory.souls.values():
            soul.into = None if soul.into in gone else soul.into

    def _number(self) -> int:
        self._made += 1
        return self._made


def month_of(micros: int) -> int:
    """Months since 1970-01."""
    day = datetime.fromtimestamp(micros / 1_000_000, UTC)
    return (day.year - 1970) * 12 + day.month - 1
