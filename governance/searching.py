"""The search itself, as a program: forms and paths on standard input, hits on standard output.

Runs alone, without this package on its path: it imports the standard library only.
"""

import json
import mmap
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def search(forms: Sequence[tuple[bytes, int]], paths: Iterable[Path]) -> tuple[int, int, list[tuple[int, str, int]]]:
    """Files and bytes read, and (needle, file, offset) of the first of each form in each file.

    Empty files and those that vanished meanwhile hold nothing.
    """
    hits: list[tuple[int, str, int]] = []
    files = total = 0
    for path in paths:
        try:
            size = path.stat().st_size
            if size:
                with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    hits += [(needle, path.name, at) for form, needle in forms if (at := content.find(form)) >= 0]
        except FileNotFoundError:
            continue
        files, total = files + 1, total + size
    return files, total, hits


if __name__ == "__main__":
    task = json.load(sys.stdin)
    wanted = [(bytes.fromhex(form), needle) for form, needle in task["forms"]]
    json.dump(search(wanted, map(Path, task["paths"])), sys.stdout)
