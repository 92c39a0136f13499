"""Acts as they are kept outside the database, and which of them a log has to hold.

A restore lets go of what stood at positions that it lost. It lets nothing go that it has to bring back: a removal, a
hold, a policy or a notice that was ever mirrored is owed, until it is on the log again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from domain.acts import Act, HoldReleased, HoldSet, NoticePublished, PolicyPublished, Removal, Restored, parse
from domain.events import Micros
from domain.log import Entry
from governance.publishing import Mirror

RESTORED: Final = "restored"
RULES: Final = ("policy_published", "notice_published")
HOLDS: Final = ("hold_set", "hold_released")


class Mirrored(NamedTuple):
    """One act; the lines of the mirror are in the order in which they were written."""

    position: int
    name: str
    fields: str

    @property
    def act(self) -> Act:
        return parse(self.name, self.fields)


class Owed(NamedTuple):
    """What was mirrored and a log does not know: acts of the rules in force, holds that stand, holds that ended."""

    rules: list[tuple[str, Act]]
    held: list[HoldSet]
    released: list[HoldReleased]


def keep(mirror: Mirror, entries: Iterable[Entry]) -> None:
    """Keep acts outside the database; those that stand there already are not written again."""
    known, lines = dict.fromkeys(standing(mirror.acts())), []
    for entry in entries:
        one = Mirrored(entry.position, entry.act or "", entry.fields or "")
        if one not in known:
            known = _followed(known, one)
            lines.append(f"{one.position} {one.name} {one.fields}")
    mirror.add_acts(lines)


def parsed(line: str) -> Mirrored | None:
    """None for a line that a crash tore, which was written again."""
    parts = line.split(" ", 2)
    try:
        parse(parts[1], parts[2])
        return Mirrored(int(parts[0]), parts[1], parts[2])
    except (IndexError, KeyError, ValueError):
        return None


def standing(lines: Iterable[str]) -> list[Mirrored]:
    """What the log has to hold at these very positions: less what a declared restore lost."""
    known: dict[Mirrored, None] = {}
    for one in filter(None, map(parsed, lines)):
        known = _followed(known, one)
    return list(known)


def removed(lines: Iterable[str]) -> dict[str, list[tuple[str, Removal]]]:
    """By case: the acts of every removal that was ever mirrored, whatever was restored since."""
    found: dict[str, list[tuple[str, Removal]]] = {}
    for name, act in _acts(lines):
        if isinstance(act, Removal):
            found.setdefault(act.case, []).append((name, act))
    return found


def owed(lines: Sequence[str], entries: Iterable[Entry], now: Micros) -> Owed:
    """Of rules and holds: what the mirror has and these acts of the log lack, in the order in which they came."""
    there = [(entry.act or "", parse(entry.act or "", entry.fields or "")) for entry in entries]
    newest = max((act.version for _, act in there if isinstance(act, PolicyPublished)), default=0)
    rules: list[tuple[str, Act]] = []
    for name, act in _acts(lines):
        is_rule = isinstance(act, NoticePublished) or (isinstance(act, PolicyPublished) and act.version > newest)
        if is_rule and (name, act) not in [*there, *rules]:
            rules.append((name, act))
    on_log, ended = _holds(act for _, act in there)
    held, released = _holds(act for _, act in _acts(lines))
    return Owed(
        rules,
        [act for hold, act in held.items() if hold not in on_log and hold not in ended and act.until > now],
        [act for hold, act in released.items() if hold in on_log],
    )


def lost(lines: Iterable[str], act: Restored) -> list[Mirrored]:
    """What a restore took away: mirrored before it, and beyond what it brought back."""
    before = []
    for line in lines:
        one = parsed(line)
        if one is not None and (one.name, one.act) == (RESTORED, act):
            break
        before.append(line)
    return [one for one in standing(before) if one.position >= act.size_to]


def _followed(known: dict[Mirrored, None], one: Mirrored) -> dict[Mirrored, None]:
    act = one.act if one.name == RESTORED else None
    if isinstance(act, Restored):
        known = {before: None for before in known if before.position < act.size_to}
    known[one] = None
    return known


def _acts(lines: Iterable[str]) -> Iterator[tuple[str, Act]]:
    return ((one.name, one.act) for one in filter(None, map(parsed, lines)))


def _holds(acts: Iterable[Act]) -> tuple[dict[str, HoldSet], dict[str, HoldReleased]]:
    """Those that stand, and those that ended."""
    held: dict[str, HoldSet] = {}
    ended: dict[str, HoldReleased] = {}
    for act in acts:
        if isinstance(act, HoldSet):
            held[act.hold] = act
        elif isinstance(act, HoldReleased):
            held.pop(act.hold, None)
            ended[act.hold] = act
    return held, ended
