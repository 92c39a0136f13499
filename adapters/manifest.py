"""What a backup says of itself: which log it holds as of which tree head, and the digest of each of its files."""

import json
import os
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

from domain.errors import BadInput, Damaged

FORMAT: Final = "lethe-backup/1"
FILE: Final = "manifest.json"


def write(directory: Path, said: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Written last, durably: a directory without it is no backup."""
    document = {"format": FORMAT, **said, "files": [_file(directory / name) for name in sorted(names)]}
    draft = directory / f"{FILE}.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(directory / FILE)
    return document


def read(directory: Path) -> dict[str, Any]:
    """Raises BadInput for what is no backup, and Damaged for a file that is not what was written."""
    try:
        document: dict[str, Any] = json.loads((directory / FILE).read_text(encoding="utf-8"))
        files = {Path(str(one["name"])).name: one for one in document["files"]}
        if document["format"] != FORMAT or not all(key in document for key in ("store", "size", "root", "schemas")):
            raise KeyError(FORMAT)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(directory.name, FILE, f"a backup of the format {FORMAT}") from error
    for name, said in files.items():
        if not (directory / name).is_file() or _file(directory / name) != said:
            raise Damaged(f"{name} of the backup is not the file that was written")
    return document


def _file(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}
