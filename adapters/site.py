"""A directory that a web server shows: files appear whole, and what was shown once is not written over."""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from domain.errors import Unavailable
from governance.publishing import Rollback

DRAFT = ".new"


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
        new: list[Path] = []
        for path, content in files:
            there = self.read(path)
            if there is not None and there != content:
                raise Rollback("the published directory shows another log")
            if there is None:
                new.append(self._draft(path, content))
        self._place(new)

    def replace(self, path: str, content: bytes) -> None:
        self._place([self._draft(path, content)])

    def drop(self, directory: str) -> None:
        with _writable():
            if (self._directory / directory).is_dir():
                shutil.rmtree(self._directory / directory)

    def _draft(self, path: str, content: bytes) -> Path:
        target = self._directory / path
        with _writable():
            for directory in reversed([one for one in target.parents if not one.exists()]):
                directory.mkdir(exist_ok=True)
                _sync(directory.parent)
            target.with_name(target.name + DRAFT).write_bytes(content)
        return target

    def _place(self, targets: Sequence[Path]) -> None:
        """Each whole or not at all. Written all before the first is synced: a file system then needs one go for all."""
        drafts = [target.with_name(target.name + DRAFT) for target in targets]
        with _writable():
            for draft in drafts:
                _sync(draft)
            for draft, target in zip(drafts, targets, strict=True):
                draft.replace(target)
            for directory in sorted({target.parent for target in targets}):
                _sync(directory)


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("the published directory cannot be written") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
