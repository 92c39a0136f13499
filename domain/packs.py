"""Sealed bodies as files: one pack beside each entry bundle, so that a million bodies are four thousand files."""

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise

from domain.tlog_tiles import ENTRIES, BadTile, TileName


def pack_path(bundle: TileName) -> str:
    """Of the bodies of a bundle's entries: as the bundle's, below `bodies/`."""
    return bundle._replace(level=ENTRIES).path.replace("tile/entries/", "bodies/")


def print_pack(bodies: Sequence[bytes | None]) -> bytes:
    """The length of each entry's body as 4 bytes big-endian, 0 where there is none; then the bodies."""
    lengths = [len(one) if one is not None else 0 for one in bodies]
    return struct.pack(f">{len(lengths)}I", *lengths) + b"".join([one for one in bodies if one])


def parse_pack(pack: bytes, width: int) -> list[bytes | None]:
    """The body of each entry. Raises BadTile when the lengths are not those of what follows."""
    start = 4 * width
    if len(pack) < start:
        raise BadTile(f"the pack does not tell the lengths of {width} bodies")
    lengths = struct.unpack_from(f">{width}I", pack)
    if sum(lengths) != len(pack) - start:
        raise BadTile("the pack is shorter or longer than its bodies")
    ends = pairwise(accumulate(lengths, initial=start))
    return [pack[begin:end] if end > begin else None for begin, end in ends]
