"""The embedded key store: one private file per secret thing, outside the store's directory."""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from domain.errors import Damaged, Unavailable
from governance.keyring import Random

KEY_BYTES = 32


class FileKeyStore:
    """Key-encryption keys by generation in `generations.json`, mode 0600.

    Wraps with AES-256-GCM under a random nonce; the context is associated data.
    """

    def __init__(self, directory: Path, random: Random) -> None:
        self._path = directory / "generations.json"
        self._random = random
        self._keys = _read_keys(self._path)

    @staticmethod
    def create(directory: Path, random: Random) -> "FileKeyStore":
        """Make the first generation. Raises Unavailable where there is one already."""
        path = directory / "generations.json"
        if path.exists():
            raise Unavailable("there are keys of this store already")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, _text({1: random(KEY_BYTES)}))
        return FileKeyStore(directory, random)

    def current(self) -> int:
        return max(self._keys)

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

    def _key(self, generation: int) -> bytes:
        if generation not in self._keys:
            raise Unavailable(f"key generation {generation} is not in the key store")
        return self._keys[generation]


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


def _text(keys: dict[int, bytes]) -> str:
    return json.dumps({"format": 1, "generations": {str(number): key.hex() for number, key in keys.items()}})


def _read_keys(path: Path) -> dict[int, bytes]:
    try:
        document = json.loads(read_private(path))
        return {int(number): bytes.fromhex(key) for number, key in document["generations"].items()}
    except (KeyError, ValueError) as error:
        raise Unavailable("generations.json of the key store is not what it should be") from error
