"""What a store has to answer whatever befalls people, and whatever older copy of it is brought back."""

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

from tests.laws.memory import CLASS, MONTHS, Hold, Key, Memory, Said, Soul, month_of

TAKING = ("withdraw", "object", "restrict")


@dataclass
class Spoken:
    """A word, who said it, and for whom it is kept whatever is brought back: a no for everybody joined then."""

    root: int
    whole: set[int]
    said: tuple[int, str, str]


@dataclass
class Oracle:
    """One history; what was destroyed or suppressed stays so whatever is brought back."""

    now: int
    memory: Memory = field(default_factory=Memory)
    marked: set[str] = field(default_factory=set)
    destroyed: set[int] = field(default_factory=set)
    erasures: list[set[int]] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    held: dict[bytes, tuple[set[int], Hold]] = field(default_factory=dict)
    released: set[bytes] = field(default_factory=set)
    copy: Memory | None = None
    _made: int = 0

    def take(self, names: Sequence[str], name: str, message: str, at: int, *, anew: bool = False) -> str:
        """Returns what the receipt counts it as."""
        klass, known = CLASS[name], {root for one in names if (root := self.memory.root(one)) is not None}
        if len(known) < 2 and not self.memory.is_justified(klass, next(iter(known), None)):
            return "rejected"
        free = [one for one in names if one in self.memory.names or anew or one not in self.marked]
        if names[0] not in free:
            return "suppressed"
        root = self._settle(free, at)
        if any(message in self.memory.souls[one].messages for one in self.memory.members(root)):
            return "duplicates"
        if not self.memory.is_justified(klass, root):
            return "rejected"
        place = (klass, month_of(self.now) if MONTHS[klass] else 0)
        soul = self.memory.souls[root]
        soul.keys.setdefault(place, Key(self._number())).events.append(Said(name, at, self.now, message))
        soul.messages.add(message)
        return "accepted"

    def alias(self, target: str, previous: str) -> str:
        if any(one in self.marked and one not in self.memory.names for one in (target, previous)):
            return "suppressed"
        root = self.memory.root(target)
        root = self.memory.root(previous) if root is None else root
        root = self._born() if root is None else root
        for one in (target, previous):
            other = self.memory.root(one)
            if other is None:
                self._link(one, root, self.now)
            elif other != root:
                self.memory.souls[other].into = root
        return "accepted"

    def unmerge(self, apart: str) -> None:
        soul = self.memory.names[apart]
        self.memory.souls[soul].into = None
        for one in self.memory.members(soul):
            self.memory.souls[one].is_apart = True

    def say(self, root: int, word: str, purpose: str = "") -> None:
        said = (self.now, word, purpose)
        self.memory.souls[root].words.append(said)
        self.spoken.append(Spoken(root, set(self.memory.members(root)) if word in TAKING else {root}, said))
        self._remove_unjustified(root)

    def hold(self, name: bytes, hold: Hold) -> None:
        self.memory.holds[name] = hold
        self.held[name] = set(self.memory.members(hold.soul)), hold

    def release(self, name: bytes) -> None:
        del self.memory.holds[name]
        self.released.add(name)
        self.complete()

    def erase(self, root: int) -> bool:
        """Returns whether something is held back."""
        self.erasures.append(set(self.memory.members(root)))
        for one in self.spoken:
            one.whole -= self.erasures[-1]
        self.spoken = [one for one in self.spoken if one.whole]
        self._destroy(root, lambda klass, month: True)
        self._forget(len(self.erasures) - 1)
        return any(self.memory.souls[one].keys or self.memory.souls[one].shut for one in self.erasures[-1])

    def retain(self) -> None:
        month = month_of(self.now)
        for root in self.memory.roots():
            if not self.memory.is_claimed(root):
                self._destroy(root, lambda klass, since: bool(MONTHS[klass]) and month - since > MONTHS[klass])
            self._remove_unjustified(root)
        self.complete()

    def complete(self) -> None:
        """Holds that are over go, and with them what they alone kept of the erased, and of lost purposes."""
        self.released |= {name for name, hold in self.memory.holds.items() if hold.until <= self.now}
        self.memory.holds = {name: hold for name, hold in self.memory.holds.items() if name not in self.released}
        for number, soul in self.memory.souls.items():
            if soul.erasure is not None:
                self._destroy(number, lambda klass, month: True)
            elif not self.memory.is_claimed(root := self.memory.end(number)):
                self._destroy_shut(number, self.memory.members(root), lambda place: True)

    def back_up(self) -> None:
        self.copy = deepcopy(self.memory)

    def restore(self) -> bool:
        """An older copy, less what was destroyed, with what was said and held since; returns whether that is all."""
        assert self.copy is not None
        self.memory = deepcopy(self.copy)
        for soul in self.memory.souls.values():
            soul.keys = {place: key for place, key in soul.keys.items() if key.serial not in self.destroyed}
            soul.shut = [(place, key) for place, key in soul.shut if key.serial not in self.destroyed]
        is_whole = self._hold_again()
        for number in range(len(self.erasures)):
            self._forget(number)
        known = [one for one in self.spoken if one.whole & self.memory.souls.keys()]
        is_whole &= known == self.spoken
        self.spoken = known
        self._say_again()
        return is_whole

    def _hold_again(self) -> bool:
        missing = False
        self.memory.holds = {name: hold for name, hold in self.memory.holds.items() if name not in self.released}
        for name, (whole, hold) in self.held.items():
            if name not in self.memory.holds and name not in self.released and hold.until > self.now:
                roots = {self.memory.end(one) for one in whole & self.memory.souls.keys()}
                missing |= len(roots) != 1
                for root in roots if len(roots) == 1 else ():
                    self.memory.holds[name] = hold._replace(soul=root)
        return not missing

    def _say_again(self) -> None:
        told = set()
        for one in self.spoken:
            for root in {self.memory.end(soul) for soul in one.whole & self.memory.souls.keys()}:
                members = self.memory.members(root)
                if not any(one.said in self.memory.souls[member].words for member in members):
                    self.memory.souls[root].words.append(one.said)
                    told.add(root)
        for root in told:
            self._remove_unjustified(root)

    def _settle(self, names: Sequence[str], at: int) -> int:
        root = self.memory.root(names[0])
        if root is None and len(names) > 1:
            device = self.memory.root(names[1])
            root = None if device is not None and self.memory.is_known(device) else device
        root = self._born() if root is None else root
        for one in names:
            other = self.memory.root(one)
            if other is None:
                self._link(one, root, at)
            elif other != root and not self.memory.is_known(other):
                self.memory.souls[other].into = root
        return root

    def _born(self) -> int:
        number = self._number()
        self.memory.souls[number] = Soul(keys={("identity", 0): Key(self._number())})
        return number

    def _link(self, name: str, root: int, at: int) -> None:
        self.memory.names[name] = root
        self.memory.souls[root].links.append((at, name))

    def _remove_unjustified(self, root: int) -> None:
        """What a hold keeps of it is shut, and stays so whatever the person says later."""
        if self.memory.is_restricted(root):
            return
        lost = {klass for klass in MONTHS if not self.memory.is_justified(klass, root)}
        self._destroy(root, lambda klass, month: klass in lost)
        for soul in [self.memory.souls[one] for one in self.memory.members(root)]:
            for place in [place for place in soul.keys if place[0] in lost]:
                soul.shut.append((place, soul.keys.pop(place)))

    def _destroy(self, root: int, is_due: Callable[[str, int], bool]) -> None:
        members = self.memory.members(root)
        for one in members:
            keys = self.memory.souls[one].keys
            for place in [place for place in keys if is_due(*place) and not self._is_held(members, place[0])]:
                self.destroyed.add(keys.pop(place).serial)
            self._destroy_shut(one, members, lambda place: is_due(*place))

    def _destroy_shut(self, number: int, members: Collection[int], is_due: Callable[[tuple[str, int]], bool]) -> None:
        soul = self.memory.souls[number]
        gone = [one for one in soul.shut if is_due(one[0]) and not self._is_held(members, one[0][0])]
        soul.shut = [one for one in soul.shut if one not in gone]
        self.destroyed |= {key.serial for _, key in gone}

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
        for number, soul in self.memory.souls.items():
            if soul.into in gone:  # in an older copy: they were parted before the one was erased
                soul.into = None
                for one in self.memory.members(number):
                    self.memory.souls[one].is_apart = True

    def _number(self) -> int:
        self._made += 1
        return self._made
