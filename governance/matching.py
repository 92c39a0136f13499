"""The first place of each of many byte strings in a stream, in bounded memory.

`bytes.find` reads gigabytes a second, once for every string; where there are many, four bytes of each are
looked up at every place first, which tells what a stretch of the stream can hold at all.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK = 4 << 20
STRETCH = 1 << 18
"""What is filtered at once: it and the table stay in the processor's cache."""

ANCHOR = 4
FEW = 256 << 20
"""Bytes times strings, of all streams together, up to which `find` alone is faster than loading numpy."""

TABLE_BITS = 20
SPREAD = 2_654_435_761  # Knuth's multiplier: spreads the words over the table


class Readable(Protocol):
    """What a stream must be able to do."""

    def read(self, size: int, /) -> bytes: ...


class Matcher:
    """Looks for all forms at once."""

    def __init__(self, forms: Sequence[bytes]) -> None:
        self._forms = forms
        self._compared = 0  # bytes times strings
        self._overlap = max(map(len, forms), default=1) - 1

    def first_places(self, stream: Readable) -> Iterator[tuple[int, int]]:
        """(form by index, place) of the first of each; what a stream gives before it fails is looked at too."""
        found: set[int] = set()
        kept, start = b"", 0  # `start` is the place of the block's first byte in the stream
        for new in _blocks(stream):
            block = kept + new
            for index, at in self._search(block, found):
                found.add(index)
                yield index, start + at
            kept = block[len(block) - min(self._overlap, len(block)) :]
            start += len(block) - len(kept)

    def all_in(self, name: bytes) -> list[int]:
        """The forms that a short text holds."""
        return [index for index, form in enumerate(self._forms) if form in name]

    def _search(self, block: bytes, found: set[int]) -> Iterator[tuple[int, int]]:
        self._compared += len(block) * len(self._forms)
        if self._compared <= FEW:
            yield from self._found(block, range(len(self._forms)), 0, len(block), found)
            return
        for start in range(0, len(block), STRETCH):
            end = min(start + STRETCH + self._overlap, len(block))
            yield from self._found(block, self._possible(block, start, end), start, end, found)

    def _found(
        self, block: bytes, some: Sequence[int], start: int, end: int, found: set[int]
    ) -> Iterator[tuple[int, int]]:
        for index in some:
            if index not in found and (at := block.find(self._forms[index], start, end)) >= 0:
                yield index, at

    def _possible(self, block: bytes, start: int, end: int) -> list[int]:
        """The forms whose anchor lies in this stretch."""
        import numpy as np

        stretch = np.frombuffer(block, np.uint8, end - start, start)
        words: set[int] = set()
        for shift in range(ANCHOR):
            count = (len(stretch) - shift) // ANCHOR
            here = stretch[shift : shift + count * ANCHOR].view("<u4")
            likely = here[self._table[_place(here)]]
            if len(likely):
                words.update(np.unique(likely).tolist())
        return sorted(index for word in words for index in self._by_anchor.get(word, ()))

    @cached_property
    def _by_anchor(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for index, form in enumerate(self._forms):
            found.setdefault(int.from_bytes(_anchor(form), "little"), []).append(index)
        return found

    @cached_property
    def _table(self) -> "NDArray[np.bool_]":
        import numpy as np

        table = np.zeros(1 << TABLE_BITS, np.bool_)
        table[_place(np.array(list(self._by_anchor), "<u4"))] = True
        return table


def _blocks(stream: Readable) -> Iterator[bytes]:
    """Whole blocks and a rest, though a stream may give less at a time."""
    missing = 0
    while not missing:
        parts, missing, failure = [], BLOCK, None
        try:
            while missing and (part := stream.read(missing)):
                parts.append(part)
                missing -= len(part)
        except Exception as error:
            failure = error
        if parts:
            yield b"".join(parts)
        if failure is not None:
            raise failure


def _anchor(form: bytes) -> bytes:
    """Four bytes of a form, those that differ most among themselves: zeros and blanks are everywhere."""
    return max((form[at : at + ANCHOR] for at in range(len(form) - ANCHOR + 1)), key=lambda four: len(set(four)))


def _place(words: "NDArray[np.uint32]") -> Any:
    import numpy as np

    return (words * np.uint32(SPREAD)) >> np.uint32(32 - TABLE_BITS)
