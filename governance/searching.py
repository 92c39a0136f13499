"""The search itself, as a program: forms and paths on standard input, what was found on standard output.

A process of its own (see `residue.scan`) that loads nothing of the store.
"""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from governance.containers import HEAD_BYTES, Content, NotOpened, held, opener_of
from governance.matching import Matcher

DEEPEST = 5
"""Containers in containers that are opened; below that a file is not read."""

MOST_UNPACKED = 64 << 30
"""Bytes that one file may unpack to: more is made to exhaust whoever opens it."""

IN_NAME = -1


@dataclass
class Search:
    """What was looked through so far. A hit is (needle, file, offset); the offset in a name is -1."""

    forms: Sequence[tuple[bytes, int]]
    files: int = 0
    read: int = 0  # bytes
    containers: int = 0
    hits: list[tuple[int, str, int]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    _unpacked: int = 0

    def __post_init__(self) -> None:
        self._matcher = Matcher([form for form, _ in self.forms])

    def look_at(self, path: Path, name: str) -> None:
        """One file; a file that vanished meanwhile holds nothing, one that cannot be read is named."""
        self._unpacked = 0
        self._look_at_name(name, name)
        try:
            with path.open("rb") as file:
                self._look_into(file, name, 0)
        except FileNotFoundError:
            return
        except OSError:
            self.unreadable.append(name)
        self.files += 1

    def spend(self, count: int, depth: int) -> None:
        """Count what was read. Raises NotOpened once a file unpacks to more than may be."""
        if depth == 0:
            self.read += count
            return
        self._unpacked += count
        if self._unpacked > MOST_UNPACKED:
            raise NotOpened

    def _look_into(self, file: IO[bytes], name: str, depth: int) -> None:
        stream = _Counted(file, lambda count: self.spend(count, depth))
        for index, at in self._matcher.first_places(stream):
            self._note(name, index, at)
        if opener_of(stream.head) is not None:
            file.seek(0)
            self._open(file, stream.head, name, depth)

    def _open(self, file: IO[bytes], head: bytes, name: str, depth: int) -> None:
        opener = opener_of(head)
        if opener is None:
            return
        self.containers += 1
        try:
            if depth == DEEPEST:
                raise NotOpened
            for content in opener(file if depth == 0 else _seekable(file, head)):
                self._look_at_content(content, name, depth + 1)
        except Exception:  # whatever a library raises over a broken file: it was not read
            self.unreadable.append(name)

    def _look_at_content(self, content: Content, holder: str, depth: int) -> None:
        name = f"{holder}!{content.name}"
        try:
            self._look_at_name(content.name, name)
            with content.open() as opened:
                if content.is_packed:
                    self._look_into(opened, name, depth)
                else:
                    self._open(opened, cast(BufferedReader, opened).peek(HEAD_BYTES)[:HEAD_BYTES], name, depth)
        except Exception:
            self.unreadable.append(name)

    def _look_at_name(self, own: str, name: str) -> None:
        for index in self._matcher.all_in(own.encode("utf-8", "surrogateescape")):
            self._note(name, index, IN_NAME)

    def _note(self, name: str, index: int, at: int) -> None:
        """Forms of one needle that lie in one place are one hit."""
        hit = (self.forms[index][1], name, at)
        if hit not in self.hits[-len(self.forms) :]:
            self.hits.append(hit)


class _Counted:
    """A stream that remembers how it began, and says how much is read of it."""

    def __init__(self, file: IO[bytes], spend: Callable[[int], None]) -> None:
        self._read = getattr(file, "read1", file.read)  # less at a time, so that less is lost when it fails
        self._spend = spend
        self.head = b""

    def read(self, size: int, /) -> bytes:
        part: bytes = self._read(size)
        if len(self.head) < HEAD_BYTES:
            self.head += part[: HEAD_BYTES - len(self.head)]
        self._spend(len(part))
        return part


def _seekable(file: IO[bytes], head: bytes) -> IO[bytes]:
    """Going back in a packed stream is unpacking it again; formats that are read from both ends go to memory."""
    return held(file) if head.startswith((b"PK", b"PAR1", b"ARROW1")) else file


def files_in(paths: Sequence[Path], unreadable: list[str]) -> Iterator[tuple[Path, str]]:
    """Every regular file of these files and directories with its name; links are followed, each file comes once."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        for found, name in _walk(path, unreadable, seen):
            about = _about(found, name, unreadable)
            if about is None or not stat.S_ISREG(about.st_mode) or (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            yield found, name


def _walk(path: Path, unreadable: list[str], seen: set[tuple[int, int]]) -> Iterator[tuple[Path, str]]:
    top = _about(path, path.name, [])
    if top is None or not stat.S_ISDIR(top.st_mode):
        yield path, path.name
        return

    def not_read(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            unreadable.append(Path(error.filename).name)

    for folder, folders, names in os.walk(path, onerror=not_read, followlinks=True):
        here = Path(folder)
        about = _about(here, here.name, unreadable)
        if about is None or (about.st_dev, about.st_ino) in seen:  # gone, or a link that leads back
            folders.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        yield from ((here / name, str((here / name).relative_to(path))) for name in sorted(names))


def _about(path: Path, name: str, unreadable: list[str]) -> os.stat_result | None:
    """None for what vanished, or cannot be looked at, which is noted."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        unreadable.append(name)
        return None


def main() -> None:
    """Read the task, do it, tell."""
    task = json.load(sys.stdin)
    search = Search([(bytes.fromhex(form), needle) for form, needle in task["forms"]])
    for path, name in files_in([Path(one) for one in task["paths"]], search.unreadable):
        search.look_at(path, name)
    json.dump(
        {
            "files": search.files,
            "bytes": search.read,
            "containers": search.containers,
            "hits": search.hits,
            "unreadable": sorted(set(search.unreadable)),
        },
        sys.stdout,
    )
