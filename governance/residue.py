"""Looking for what must not be there: tokens in every usual encoding, in every file of a store."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from domain.errors import Unavailable
from governance import searching

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


def scan(needles: Sequence[Sequence[bytes]], paths: Iterable[Path]) -> Residue:
    """Search files for needles, each a list of forms of one token; hits name the token's index.

    In a process of its own: SQLite's locks belong to a process, and closing any handle of a file drops them all.
    Here that would let another process remove the WAL that this one still writes to. Raises Unavailable.
    """
    forms = sorted({(form.hex(), index) for index, some in enumerate(needles) for form in some})
    task = json.dumps({"forms": forms, "paths": [str(path) for path in paths]})  # by a pipe: nothing on a command line
    ran = subprocess.run(
        [sys.executable, "-I", searching.__file__], input=task.encode(), capture_output=True, check=False
    )
    if ran.returncode:
        raise Unavailable("a file of the store cannot be searched")
    files, size, hits = json.loads(ran.stdout)
    return Residue(files, size, len(forms), [Hit(*hit) for hit in hits])
