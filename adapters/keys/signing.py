"""The log's private keys as files: `signing.key`, and `signing.next` while a rotation is under way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapters.keys.files import alone, finish_destroying, read_private, sync_directory, write_private
from domain.errors import Unavailable

FILES = ("signing.key", "signing.next", "signing.old")


class SigningKeyFiles:
    """As `governance.signing_rotation.SigningKeys` says, in the directory of one store."""

    def __init__(self, directory: Path) -> None:
        self._key, self._next, self._old = (directory / name for name in FILES)

    @property
    def is_changing(self) -> bool:
        """Whether a rotation is under way, or was interrupted."""
        return self._next.exists() or self._old.exists()

    def current(self) -> str:
        return read_private(self._key)

    def coming(self) -> str | None:
        if not self._next.exists():
            return None
        try:
            return read_private(self._next)
        except Unavailable:
            if self._next.exists():
                raise
            return None  # it took over meanwhile

    def prepare(self, private: str) -> str:
        there = self.coming()
        if there is not None:
            return there
        finish_destroying(self._key)  # of an earlier rotation
        write_private(self._next, private)
        return private

    @contextmanager
    def alone(self) -> Iterator[None]:
        with alone(self._key):
            yield

    def take_over(self) -> None:
        if self._next.exists():
            with suppress(FileExistsError):
                os.link(self._key, self._old)  # First: else nobody would find what is to be overwritten after a crash.
            self._next.replace(self._key)
            sync_directory(self._key.parent)
        finish_destroying(self._key)
