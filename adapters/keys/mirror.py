"""Outside the database: the highest tree head that was given out, acts, suppression marks, people's words, rules.

A database restored from an older copy cannot pretend that these never were.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapters.keys.files import sync_directory, write_private
from domain.clock import SECOND, Clock, now
from domain.log import Head, Log
from governance.publishing import HighWater
from governance.site import Site, show

MINUTE = 60 * SECOND
MARKS, WORDS, TEXTS = "suppression.txt", "words.txt", "texts"
COSIGNED = "cosigned.note"
HANDOVERS = "handovers"
WIDTHS = ([32, 32], [32, 32, 8, 16])  # mark, case; serial of the secret and end in microseconds, in hexadecimal
NOBODY = "0" * 32
"""In the place of a mark that ended: its case is still that of an erasure."""


class FileMirror:
    """Files of one store in a directory of its own, each line durable before the call returns."""

    def __init__(self, directory: Path, *, site: Site | None = None, clock: Clock = now) -> None:
        self._directory = directory
        self._site = site
        self._clock = clock

    def high_water(self) -> HighWater | None:
        path = self._directory / "high-water.json"
        if not path.exists():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return HighWater(found["size"], bytes.fromhex(found["root"]), found["note"], found.get("at", 0))

    @contextmanager
    def advancing(self) -> Iterator[HighWater | None]:
        """Hold the file's lock: nobody else publishes a head meanwhile."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.high_water()

    def write_high_water(self, new: HighWater) -> None:
        minute = self._clock() // MINUTE * MINUTE  # No closer: a word of a person is published when it was said.
        text = json.dumps({"size": new.size, "root": new.root.hex(), "note": new.note, "at": minute})
        write_private(self._directory / "high-water.json", text)

    def show(self, log: Log, head: Head) -> None:
        if self._site is not None:
            show(self._site, log, self, head)

    def cosigned(self) -> str | None:
        path = self._directory / COSIGNED
        return path.read_text(encoding="utf-8") if path.exists() else None

    def write_cosigned(self, note: str) -> None:
        write_private(self._directory / COSIGNED, note)

    def handovers(self) -> Sequence[str]:
        found = sorted((self._directory / HANDOVERS).glob("*.tlog-proof"))
        return [path.read_text(encoding="utf-8") for path in found]

    def add_handover(self, position: int, proof: str) -> None:
        directory = self._directory / HANDOVERS
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(directory / f"{position:020d}.tlog-proof", proof)
        sync_directory(self._directory)

    def add_acts(self, lines: Sequence[str]) -> None:
        self._append("acts.jsonl", lines)  # What stands there already the caller knows: a restore lets lines lapse.

    def acts(self) -> Sequence[str]:
        return self._lines("acts.jsonl")

    def add_marks(self, marks: Sequence[tuple[str, ...]]) -> None:
        with self.advancing():  # a sweep writes the file anew
            known = set(self._lines(MARKS))
            self._append(MARKS, [line for mark in marks if (line := " ".join(mark)) not in known])

    def marks(self) -> Sequence[tuple[str, str]]:
        return [(line[0], line[1]) for line in self._marks() if line[0] != NOBODY]

    def terms(self) -> dict[str, tuple[int, int]]:
        return {line[0]: (int(line[2], 16), int(line[3], 16)) for line in self._marks() if len(line) > 2}

    def cases(self) -> set[str]:
        return {line[1] for line in self._marks()}

    def drop_marks(self, marks: Collection[str], *, before: int = 0) -> None:
        if not marks:
            return
        with self.advancing():
            kept = [f"{NOBODY} {line[1]}" if _goes(line, marks, before) else " ".join(line) for line in self._marks()]
            write_private(self._directory / MARKS, "".join(line + "\n" for line in dict.fromkeys(kept)))

    def add_words(self, lines: Sequence[str]) -> None:
        if lines:
            with self.advancing():
                self._append(WORDS, lines)

    def words(self) -> Sequence[str]:
        return self._lines(WORDS)

    def drop_words(self, lines: Collection[str]) -> None:
        gone = set(lines)
        if gone:
            with self.advancing():
                kept = [line for line in self._lines(WORDS) if line not in gone]
                write_private(self._directory / WORDS, "".join(line + "\n" for line in kept))

    def keep_text(self, digest: str, text: str) -> None:
        path = self._directory / TEXTS / digest
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, text)

    def text(self, digest: str) -> str | None:
        path = self._directory / TEXTS / digest
        return path.read_bytes().decode() if path.exists() else None

    def _marks(self) -> list[list[str]]:
        """Whole lines: one that a crash tore is written again."""
        lines = [line.split(" ") for line in self._lines(MARKS)]
        return [line for line in lines if [len(part) for part in line] in WIDTHS]

    def _append(self, name: str, lines: Sequence[str]) -> None:
        if not lines:
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_torn_end(self._directory / name) + "".join(line + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        sync_directory(self._directory)

    def _lines(self, name: str) -> list[str]:
        path = self._directory / name
        if not path.exists():
            return []
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line]


def _goes(line: Sequence[str], marks: Collection[str], before: int) -> bool:
    return line[0] in marks and (not before or (len(line) > 2 and 0 < int(line[3], 16) <= before))


def _torn_end(path: Path) -> str:
    """What ends the line that a crash left unfinished, if there is one: else the next would be lost in it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        return "" if file.read(1) in {b"", b"\n"} else "\n"
