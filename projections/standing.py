"""Whether a subject may be counted: what he said of purposes, as far as a fold that reads no clock can know it.

A restriction (GDPR Art. 18), an objection (Art. 21) or a withdrawal takes his contributions out of the statistics
and of what is fitted on them; lifting it brings them back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.events import CONSENTED, LIFTED, OBJECTED, REFUSED, RESTRICTED, UNOBJECTED, WITHDREW, Order
from domain.meaning import Basis

YES, NO, SILENT = 1, 2, 0
WORDS: Final = {CONSENTED: YES, REFUSED: NO, WITHDREW: NO, OBJECTED: NO, UNOBJECTED: SILENT}
KINDS: Final = frozenset({*WORDS, RESTRICTED, LIFTED})

RESTRICTION: Final = ""
"""In place of a purpose: of them all."""

Standing = dict[str, tuple[Order, int]]
"""purpose -> (order, word): the last word counts."""


def tell(words: Standing, kind: str, said: Mapping[str, Any], order: Order) -> None:
    """Take an event of one of `KINDS`, unless a later one is known."""
    if kind in (RESTRICTED, LIFTED):
        purpose, word = RESTRICTION, NO if kind == RESTRICTED else SILENT
    else:
        purpose, word = str(said["purpose"]), WORDS[kind]
    known = words.get(purpose)
    if known is None or order >= known[0]:  # of a yes and a no in one call the second is the last word
        words[purpose] = (order, word)


def merge(into: Standing, other: Standing) -> None:
    """The later word of each."""
    for purpose, said in other.items():
        if purpose not in into or said[0] > into[purpose][0]:
            into[purpose] = said


def counts(words: Standing, basis: Basis | None) -> bool:
    """Whether a statistic of this purpose may hold the subject; without a basis only a restriction counts."""
    if _word(words, RESTRICTION) == NO:
        return False
    if basis is None:
        return True
    said = _word(words, basis.purpose)
    return said == YES if basis.needs_consent else not (basis.objectable and said == NO)


def pack(words: Standing) -> list[Any]:
    """Canonical rows."""
    return [[purpose, *order, word] for purpose, (order, word) in sorted(words.items())]


def unpack(rows: Sequence[Any]) -> Standing:
    """The inverse of `pack`."""
    return {row[0]: ((row[1], row[2], row[3]), row[4]) for row in rows}


def _word(words: Standing, purpose: str) -> int:
    said = words.get(purpose)
    return SILENT if said is None else said[1]
