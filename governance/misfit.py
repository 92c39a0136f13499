"""An entry bundle that does not hold as many entries as it should: where the first is that does not fit."""

import re

from domain.tlog_tiles import TileName

_NUMBERED = re.compile(rb'"seq":([0-9]{1,19}),"t":"[dg]","v":1\}')


def misfit(content: bytes, name: TileName) -> tuple[str, int]:
    """The finding's name and position: missing where entries are whole and fewer, else altered."""
    count, place = 0, 0
    position: int | None = None
    while place + 2 <= len(content):
        end = place + 2 + int.from_bytes(content[place : place + 2], "big")
        found = _NUMBERED.search(content[place:end])
        if end > len(content) or found is None or int(found[1]) != name.first + count:
            position = name.first + count if position is None else position
        if end > len(content):
            break
        place, count = end, count + 1
    at = name.first + min(count, name.width - 1) if position is None else min(position, name.first + name.width - 1)
    return ("missing" if place == len(content) and count < name.width else "altered"), at
