"""Looking for what must not be there: tokens in every usual encoding, in everything that a store wrote."""

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from domain.errors import BadInput, Unavailable
from governance.encodings import SHORTEST, digests
from governance.encodings import encodings as encodings
from governance.roles import require
from governance.store import Store

RUN = "import sys; sys.path.insert(0, sys.argv[1]); from governance.searching import main; main()"
ROOT = Path(__file__).resolve().parent.parent


class Hit(NamedTuple):
    """A needle in a file: which one (by index, never by value), and where.

    What lies inside a container is named `file!content`; an offset of -1 is the name itself.
    """

    needle: int
    path: str
    offset: int


class Residue(NamedTuple):
    """What a scan did."""

    files: int
    bytes: int
    needles: int  # forms that were looked for
    hits: Sequence[Hit]
    containers: int = 0  # that were looked into
    unreadable: Sequence[str] = ()  # files, directories and contents that were not read whole

    @property
    def partial(self) -> bool:
        """Whether the absence of hits proves little: something, or everything, could not be read."""
        return bool(self.unreadable) or not self.files


def scan(needles: Sequence[Sequence[bytes]], paths: Iterable[Path]) -> Residue:
    """Search files and directories for needles, each a list of forms of one token; hits name the token's index.

    In a process of its own: SQLite's locks belong to a process, and closing any handle of a file drops them all.
    Here that would let another process remove the WAL that this one still writes to. Raises Unavailable.
    """
    forms = sorted({(form.hex(), index) for index, some in enumerate(needles) for form in some})
    task = json.dumps({"forms": forms, "paths": [str(path) for path in paths]})  # by a pipe: nothing on a command line
    command = [sys.executable, "-I", "-c", RUN, str(ROOT)]
    ran = subprocess.run(command, input=task.encode(), capture_output=True, check=False)
    if ran.returncode:
        raise Unavailable("the store's files cannot be searched")
    found = json.loads(ran.stdout)
    hits = [Hit(*hit) for hit in found["hits"]]
    return Residue(found["files"], found["bytes"], len(forms), hits, found["containers"], found["unreadable"])


def scan_store(store: Store, tokens: Sequence[str], *, more: Iterable[Path] = ()) -> Residue:
    """Search everything that this store wrote, and more places, for tokens: their encodings and unkeyed digests.

    Raises BadInput for a token that chance would find anywhere.
    """
    require(store, "residue")
    if any(len(token.encode()) < SHORTEST for token in tokens):
        raise BadInput("command", "--canary", f"tokens of at least {SHORTEST} bytes, better eight")
    needles = [[*encodings(token.encode()), *digests(token.encode())] for token in tokens]
    own = store.storage.paths()
    found = scan(needles, [*own, *more])
    return found if own else found._replace(unreadable=[*found.unreadable, "(the server's files)"])
