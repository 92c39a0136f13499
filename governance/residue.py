"""Looking for what must not be there: tokens in every usual encoding, in every file of a store."""

import base64
import mmap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

SHORTEST = 4
"""Shorter needles would be found anywhere by chance."""


class Hit(NamedTuple):
    """A needle in a file: which one (by index, never by value), and where."""

    needle: int
    path: str
    offset: int


class Residue(NamedTuple):
    """What a scan did."""

    files: int
    bytes: int
    needles: int
    hits: Sequence[Hit]


def encodings(token: bytes) -> list[bytes]:
    """The token as it may lie on a disk: raw, hex, base64 at each alignment, URL-quoted, UTF-16."""
    forms = {token, token.hex().encode(), token.hex().upper().encode()}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(bytes(shift) + token)
            start, end = (0, 2, 3)[shift], len(token + bytes(shift)) * 8 // 6
            forms.add(whole[start + (shift > 0) : end])
    try:
        text = token.decode()
        forms |= {quote(text, safe="").encode(), text.encode("utf-16-le"), text.encode("utf-16-be")}
        forms |= {text.encode("unicode_escape"), text.upper().encode(), text.lower().encode()}
    except UnicodeDecodeError:
        pass
    return sorted(form for form in forms if len(form) >= SHORTEST)


def scan(
    needles: Sequence[Sequence[bytes]],
    paths: Iterable[Path],
    *,
    progress: Callable[[int], None] | None = None,
) -> Residue:
    """Search files for needles, each a list of forms of one token; hits name the token's index."""
    forms = sorted({(form, index) for index, some in enumerate(needles) for form in some})
    hits: list[Hit] = []
    files = total = 0
    for path in paths:
        try:
            size = path.stat().st_size
            if size:
                with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    hits += _search(content, forms, path.name)
        except FileNotFoundError:
            continue  # a temporary file that ended meanwhile
        files, total = files + 1, total + size
        if progress is not None:
            progress(total)
    return Residue(files, total, len(forms), hits)


def _search(content: mmap.mmap, forms: Sequence[tuple[bytes, int]], name: str) -> list[Hit]:
    return [Hit(index, name, at) for form, index in forms if (at := content.find(form)) >= 0]
