"""The embedded key store: one private file per secret thing, outside the store's directory."""

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import Damaged, Refused, Unavailable
from governance.keyring import Random

KEY_BYTES = 32
FILE = "generations.json"

Version = tuple[int, int, int]
"""What tells one state of a file from another: inode, time and size."""


class FileKeyStore:
    """Key-encryption keys by generation in `generations.json`, mode 0600; read again whenever it was written.

    Wraps with AES-256-GCM under a random nonce; the context is associated data.
    """

    def __init__(self, directory: Path, random: Random) -> None:
        self._path = directory / FILE
        self._random = random
        self._read: tuple[Version | None, dict[int, bytes]] | None = None
        if _old(self._path).exists():
            with alone(self._path):
                finish_destroying(self._path)
        self._keys()

    @staticmethod
    def create(directory: Path, random: Random) -> "FileKeyStore":
        """Make the first generation. Raises Unavailable where there is one already."""
        path = directory / FILE
        if path.exists():
            raise Unavailable("there are keys of this store already")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, _text({1: random(KEY_BYTES)}))
        return FileKeyStore(directory, random)

    def current(self) -> int:
        return max(self._keys())

    def generations(self) -> Sequence[int]:
        return sorted(self._keys())

    def create_generation(self) -> int:
        with alone(self._path):
            keys = _read_keys(self._path)
            number = max(keys) + 1
            write_private(self._path, _text({**keys, number: self._random(KEY_BYTES)}))
        return number

    def destroy_generation(self, number: int) -> None:
        with alone(self._path):
            keys = _read_keys(self._path)
            if number == max(keys):
                raise Refused("the current key generation is not destroyed by a rotation")
            if number not in keys:
                return
            old = _old(self._path)
            with suppress(FileExistsError):
                os.link(self._path, old)  # First: else nobody would find what is to be overwritten after a crash.
            write_private(self._path, _text({one: key for one, key in keys.items() if one != number}))
            finish_destroying(self._path)

    def wrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher, nonces = AESGCM(self._key(generation)), self._random(12 * len(items))
        return [
            (nonce := nonces[12 * index : 12 * index + 12]) + cipher.encrypt(nonce, key, context)
            for index, (key, context) in enumerate(items)
        ]

    def unwrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(self._key(generation))
        try:
            return [cipher.decrypt(wrapped[:12], wrapped[12:], context) for wrapped, context in items]
        except InvalidTag as error:
            raise Damaged("a wrapped key does not open under its generation and context") from error

    def let_go(self) -> None:
        """As `governance.presence.Cache` says: a destroyed generation stays in no memory."""
        self._read = None

    def _key(self, generation: int) -> bytes:
        keys = self._keys()
        if generation not in keys:
            raise Unavailable(f"key generation {generation} is not in the key store")
        return keys[generation]

    def _keys(self) -> dict[int, bytes]:
        """By generation, as the file is now: another process may have made or destroyed one."""
        version, read = _version(self._path), self._read
        if read is None or read[0] != version:
            read = (version, _read_keys(self._path))
            self._read = read
        return read[1]


def finish_destroying(path: Path) -> None:
    """Overwrite what an older state of a key file lies in, and remove it; what a crash interrupted too.

    A medium that writes elsewhere keeps old blocks all the same: certificates say so.
    """
    old = _old(path)
    if path.exists() and old.exists() and path.samefile(old):  # the crash came before the new state
        old.unlink()
    shred(old)


def shred(path: Path) -> None:
    """Overwrite a file and remove it. Twice is not an error."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_directory(path.parent)


def write_private(path: Path, text: str) -> None:
    """Write a whole file or nothing of it, readable by its owner alone, and make it durable."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def read_private(path: Path) -> str:
    """Raises Unavailable for a file that is missing or that others may read."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Unavailable(f"{path.name} of the key store may be read by others; make it mode 0600")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Unavailable(f"the key store has no {path.name} for this store") from error


def sync_directory(directory: Path) -> None:
    """Make a rename or a new file in this directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else changes the file meanwhile."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _old(path: Path) -> Path:
    return path.with_suffix(".old")


def _version(path: Path) -> Version | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _text(keys: dict[int, bytes]) -> str:
    return json.dumps({"format": 1, "generations": {str(number): key.hex() for number, key in keys.items()}})


def _read_keys(path: Path) -> dict[int, bytes]:
    try:
        document = json.loads(read_private(path))
        return {int(number): bytes.fromhex(key) for number, key in document["generations"].items()}
    except (KeyError, ValueError) as error:
        raise Unavailable("generations.json of the key store is not what it should be") from error
