"""Acts as they are kept outside the database, and which of them a log has to hold."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.acts import Act, Restored, fields_text, parse

RESTORED: Final = "restored"


class Mirrored(NamedTuple):
    """One act; the lines of the mirror are in the order in which they were written."""

    position: int
    name: str
    fields: str

    @property
    def act(self) -> Act:
        return parse(self.name, self.fields)


def parsed(line: str) -> Mirrored | None:
    """None for a line that a crash tore, which was written again."""
    parts = line.split(" ", 2)
    try:
        parse(parts[1], parts[2])
        return Mirrored(int(parts[0]), parts[1], parts[2])
    except (IndexError, KeyError, ValueError):
        return None


def standing(lines: Iterable[str]) -> list[Mirrored]:
    """What the log has to hold: less what a declared restore lost."""
    known: list[Mirrored] = []
    for one in filter(None, map(parsed, lines)):
        act = one.act
        if isinstance(act, Restored):
            known = [before for before in known if before.position < act.size_to]
        known.append(one)
    return known


def lost(lines: Iterable[str], act: Restored) -> list[Mirrored]:
    """What a restore took away: mirrored before it, and beyond what it brought back."""
    before = []
    for line in lines:
        one = parsed(line)
        if one is not None and (one.name, one.fields) == (RESTORED, fields_text(act)):
            break
        before.append(line)
    return [one for one in standing(before) if one.position >= act.size_to]
