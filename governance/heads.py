"""Tree heads that somebody kept outside the log: the log has to extend each of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import BadInput, LetheError
from domain.note import LONGEST_TEXT, BadNote, parse_note, parse_vkey
from domain.tree import Frontier
from domain.treehead import parse_tree_head
from governance.findings import Report
from governance.signing_chain import Tenure, open_signed_head

MOST_HEADS: Final = 100_000


class Kept(NamedTuple):
    """One that was kept, and where."""

    size: int
    root: bytes
    where: str


class KeptHeads:
    """Compares the heads with the tree as it grows; one hash a head is computed, nothing is read twice."""

    def __init__(self, heads: Sequence[Kept]) -> None:
        self._heads = sorted(heads)
        self._waiting = iter(self._heads)
        self._next = next(self._waiting, None)
        self._agrees: list[bool] = []

    def pass_by(self, tree: Frontier, hashes: Sequence[bytes]) -> None:
        """The tree is about to grow by these leaves, or it begins."""
        while self._next is not None and self._next.size <= tree.size + len(hashes):
            tree, hashes = tree.extended(hashes[: self._next.size - tree.size]), hashes[self._next.size - tree.size :]
            self._agrees.append(tree.root() == self._next.root)
            self._next = next(self._waiting, None)

    def findings(self, report: Report, *, is_whole: bool) -> None:
        """Longer heads are a rollback; other roots too, unless what is missing or altered explains them."""
        since = 0
        for head, agrees in zip(self._heads, self._agrees, strict=False):
            if agrees:
                since = head.size
            elif is_whole:
                reason = f"a tree head of size {head.size} vouches for another tree; up to here both are alike"
                report.add("rollback", since, head.where, reason)
        for head in self._heads[len(self._agrees) :]:
            if head.size > report.size:
                report.add("rollback", report.size, head.where, f"a tree head of size {head.size} vouches for more")
        report.heads += sum(head.size > 0 and agrees for head, agrees in zip(self._heads, self._agrees, strict=False))


def kept_in(directory: Path, keys: Sequence[Tenure], report: Report) -> Iterator[Kept]:
    """Every file that is a tree head of this log; one that no key of its time signed is a finding.

    Raises BadInput for what is no readable directory.
    """
    name_of_log = parse_vkey(keys[0].vkey).name
    try:
        paths = sorted(path for path in directory.iterdir() if path.is_file() and path.stat().st_size <= LONGEST_TEXT)
        texts = [(path.name, path.read_bytes()) for path in paths[:MOST_HEADS]]
    except OSError as error:
        raise BadInput("command", "--saved", "a directory of tree heads that can be read") from error
    for name, content in texts:
        try:
            note = content.decode()
            if parse_tree_head(parse_note(note).text).origin != name_of_log:
                continue
        except (BadNote, UnicodeDecodeError):
            continue
        try:
            head = open_signed_head(note, keys)
        except LetheError:
            report.add("signature", None, f"saved/{name}", "a saved tree head is not signed by the log's key")
            continue
        yield Kept(head.size, head.root, f"saved/{name}")
