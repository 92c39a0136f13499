"""What is known of people, told as plainly as can be: who is who, what he told and said, and under which keys.

Nothing here knows of logs, projections or databases; the rules are those of DESIGN, written a second time.
"""

from collections import Counter
from collections.abc import Iterator
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

    def root(self, name: str) -> int | None:
        """The person that an identifier names."""
        return self.end(self.names[name]) if name in self.names else None

    def roots(self) -> list[int]:
        return sorted({self.end(soul) for soul in self.names.values()})

    def members(self, root: int) -> list[int]:
        """Everybody whose fate is this subject's: joined with it, or erased with it."""
        souls = self.souls
        erasure = souls[root].erasure
        if erasure is not None:
            return [number for number, soul in souls.items() if soul.erasure == erasure]
        return [number for number in souls if self.end(number) == root]

    def end(self, soul: int) -> int:
        """Who goes on for this soul."""
        while (into := self.souls[soul].into) is not None:
            soul = into
        return soul

    def first_name(self, root: int) -> str:
        return min(link for one in self.members(root) for link in self.souls[one].links)[1]

    def merged_names(self) -> list[str]:
        """Identifiers that a merge brought to somebody."""
        return sorted(name for name, soul in self.names.items() if self.souls[soul].into is not None)

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

    def counts(self, root: int) -> dict[str, int]:
        return dict(Counter(said.name for said in self.events(root) if CLASS[said.name] != "identity"))

    def events(self, root: int) -> Iterator[Said]:
        for one in self.members(root):
            for key in self.souls[one].keys.values():
                yield from key.events

    def is_known(self, root: int) -> bool:
        """Whether it is somebody by a name of his own, and not a device alone."""
        members = self.members(root)
        users = {soul for name, soul in self.names.items() if name.startswith("user_id:")}
        return any(one in users or self.souls[one].is_apart for one in members)

    def _words(self, root: int | None) -> list[tuple[int, str, str]]:
        return [] if root is None else sorted(said for one in self.members(root) for said in self.souls[one].words)

    def _holds(self, root: int | None, purpose: str) -> bool:
        word = self.word(root, purpose)
        return word == "grant" if purpose == "marketing" else word != "object"

    def is_justified(self, klass: str, root: int | None) -> bool:
        return klass not in PURPOSE or self._holds(root, PURPOSE[klass])


def month_of(micros: int) -> int:
    """Months since 1970-01."""
    day = datetime.fromtimestamp(micros / 1_000_000, UTC)
    return (day.year - 1970) * 12 + day.month - 1
