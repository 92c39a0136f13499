"""A directory that a web server shows: files appear whole, and what was shown once is not written over."""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Unavailable
from governance.publishing import Rollback


class StaticSite:
    """As `governance.site.Site` says. Everybody may read the files, as far as the umask lets them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextmanager
    def alone(self) -> Iterator[None]:
        with _writable():
            self._directory.mkdir(parents=True, exist_ok=True)
            lock = (self._directory / ".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self, path: str) -> bytes | None:
        try:
            return (self._directory / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("the published directory cannot be read") from error

    def add(self, files: Iterable[tuple[str, bytes]]) -> None:
        changed: set[Path] = set()
        for path, content in files:
            there = self.read(path)
            if there is None:
                changed |= self._write(path, content)
            elif there != content:
                raise Rollback("the published directory shows another log")
        with _writable():
            for directory in sorted(changed):
                _sync(directory)

    def replace(self, path: str, content: bytes) -> None:
        with _writable():
            for directory in sorted(self._write(path, content)):
                _sync(directory)

    def drop(self, directory: str) -> None:
        with _writable():
            if (self._directory / directory).is_dir():
                shutil.rmtree(self._directory / directory)

    def _write(self, path: str, content: bytes) -> set[Path]:
        """A whole file or none; returns the directories whose entries changed."""
        target = self._directory / path
        with _writable():
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f"{target.name}.new")
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        return {one for one in target.parents if one.is_relative_to(self._directory)}


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("the published directory cannot be written") from error


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
