"""Tree heads and proof files as text (C2SP tlog-checkpoint and tlog-proof): parsed strictly, printed to parse back."""

import re
from dataclasses import dataclass
from typing import Final

from domain.note import BadNote, check_text, decode64, encode64, is_key_name, parse_note
from domain.tree import EMPTY_ROOT, HASH_BYTES

LARGEST_SIZE: Final = 2**63 - 1
LONGEST_PROOF: Final = 63  # siblings in a tree of the largest size
PROOF_MARK: Final = "c2sp.org/tlog-proof@v1"

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a log signs: so many entries, under this root. C2SP calls it a checkpoint."""

    origin: str  # the name of the log's key
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A `.tlog-proof`: that an entry is at `index` under the tree head of the note."""

    index: int
    siblings: tuple[bytes, ...]  # the leaf's own first
    note: str  # the signed tree head, verbatim
    extra: bytes = b""  # signed by nobody


def print_tree_head(head: TreeHead) -> str:
    """The text that is signed. Raises BadNote for what would not parse back the same."""
    text = f"{head.origin}\n{head.size}\n{encode64(head.root)}\n"
    if parse_tree_head(text) != head:
        raise BadNote("these values cannot be a tree head")
    return text


def parse_tree_head(text: str) -> TreeHead:
    """Extension lines are signed but mean nothing here. Raises BadNote."""
    check_text(text)
    *lines, after = text.split("\n")
    if after or len(lines) < 3 or not all(lines) or not is_key_name(lines[0]):
        raise BadNote("a tree head is an origin, a size and a root, each on a line")
    head = TreeHead(lines[0], _number(lines[1]), _hash(lines[2]))
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise BadNote("the tree head gives an empty tree another root than it has")
    return head


def print_proof(proof: ProofFile) -> str:
    """The content of the file. Raises BadNote for what would not parse back the same."""
    extra = [f"extra {encode64(proof.extra)}"] if proof.extra else []
    lines = [PROOF_MARK, *extra, f"index {proof.index}", *map(encode64, proof.siblings)]
    text = "\n".join(lines) + "\n\n" + proof.note
    if parse_proof(text) != proof:
        raise BadNote("these values cannot be a tlog-proof")
    return text


def parse_proof(text: str) -> ProofFile:
    """The form alone, that of the note included: verifies nothing. Raises BadNote."""
    check_text(text)
    top, _, note = text.partition("\n\n")
    mark, *lines = top.split("\n")
    if mark != PROOF_MARK:
        raise BadNote("the file is not a tlog-proof of version 1")
    extra = decode64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index "):
        raise BadNote("the tlog-proof names no index")
    if len(lines) > 1 + LONGEST_PROOF:
        raise BadNote("the tlog-proof is longer than any tree is high")
    parse_note(note)
    return ProofFile(_number(lines[0].removeprefix("index ")), tuple(map(_hash, lines[1:])), note, extra)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise BadNote("a number is not plain decimal below 2^63")
    return int(text)


def _hash(text: str) -> bytes:
    decoded = decode64(text)
    if len(decoded) != HASH_BYTES:
        raise BadNote("a hash is not 32 bytes long")
    return decoded
