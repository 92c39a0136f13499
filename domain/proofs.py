"""Proofs about the log's tree: that an entry is in it, and that a later tree only appends to an earlier one.

Made as in RFC 6962 sections 2.1.1 and 2.1.2, verified as in RFC 9162 sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Sequence
from functools import cache

from domain.errors import LetheError
from domain.tree import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Frontier,
    TileSource,
    fold,
    node_hash,
    parents,
    read_tile,
    split_hashes,
)


class NotInTree(LetheError):
    """A proof was asked for a position or size that the tree does not have."""


class BadProof(LetheError):
    """A proof does not tie what it should prove to the root of the tree head."""


def inclusion_proof(index: int, size: int, source: TileSource) -> list[bytes]:
    """The siblings on the way from leaf `index` to the root over `size` leaves, lowest first.

    Any size up to the source's own will do; a logarithmic number of tiles is read.
    Raises NotInTree unless 0 <= index < size, Damaged when the source lacks a hash.
    """
    if not 0 <= index < size:
        raise NotInTree(f"a tree of size {size} has no entry at position {index}")
    subtree, proof = _Subtrees(source), []
    start, end = 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            proof.append(subtree.root(middle, end))
            end = middle
        else:
            proof.append(subtree.root(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, source: TileSource) -> list[bytes]:
    """The nodes from which both the root over `old` leaves and the root over `size` leaves follow; none if equal.

    Raises NotInTree unless 0 < old <= size, Damaged when the source lacks a hash.
    """
    if not 0 < old <= size:
        raise NotInTree(f"a tree of size {size} has no earlier tree of size {old} to be consistent with")
    subtree, proof = _Subtrees(source), []
    start, end = 0, size
    while end != old:
        middle = _middle(start, end)
        if old <= middle:
            proof.append(subtree.root(middle, end))
            end = middle
        else:
            proof.append(subtree.root(start, middle))
            start = middle
    if start > 0:  # otherwise the last subtree is the whole old tree, whose root the verifier has
        proof.append(subtree.root(start, end))
    return proof[::-1]


def frontier_at(size: int, source: TileSource) -> Frontier:
    """The compact range of the tree's first `size` leaves. Raises Damaged when the source lacks a hash."""
    return Frontier(size, tuple(_Subtrees(source).peaks(0, size)))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns if the entry of this leaf hash is at `index` under `root`. Raises BadProof otherwise."""
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise BadProof("the proof is for a position outside the tree")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof("the inclusion proof is too long")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:  # skip the heights at which the right edge has no sibling
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or found != root:
        raise BadProof("the inclusion proof does not lead to the root")


def verify_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Returns if the tree of `size` under `root` begins with that of `old` under `old_root`. Raises BadProof otherwise.

    A tree of size 0 is refused: everything would be consistent with it.
    """
    _check_hashes(old_root, root, *proof)
    if not 0 < old <= size:
        raise BadProof("the proof is for sizes that cannot be consistent")
    if old == size:
        if proof or old_root != root:
            raise BadProof("two trees of one size have two roots, or a proof where none is needed")
        return
    if not proof:
        raise BadProof("the consistency proof is empty")
    nodes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if _old_and_new_root(old, size, nodes) != (old_root, root):
        raise BadProof("the consistency proof does not lead to both roots")


def _old_and_new_root(old: int, size: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes]:
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            raise BadProof("the consistency proof is too long")
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof("the consistency proof is too short")
    return before, after


def _check_hashes(*hashes: bytes) -> None:
    if any(len(found) != HASH_BYTES for found in hashes):
        raise BadProof("a hash is not 32 bytes long")


def _middle(start: int, end: int) -> int:
    """Where RFC 6962 splits a range: after the largest power of two smaller than its length."""
    return start + (1 << (end - start - 1).bit_length() - 1)


class _Subtrees:
    """Roots of ranges of leaves; each tile is read once."""

    def __init__(self, source: TileSource) -> None:
        self.tile = cache(source.tile)

    def root(self, start: int, end: int) -> bytes:
        return fold(self.peaks(start, end))

    def peaks(self, start: int, end: int) -> list[bytes]:
        """The complete subtrees that make up a range which starts where one of its length may start."""
        found = []
        while start < end:
            height = (end - start).bit_length() - 1
            found.append(self._node(height, start >> height))
            start += 1 << height
        return found

    def _node(self, height: int, index: int) -> bytes:
        level, above = divmod(height, TILE_HEIGHT)
        tile, place = divmod(index << above, TILE_WIDTH)
        row = split_hashes(read_tile(self, level, tile, place + (1 << above))[place * HASH_BYTES :])
        while len(row) > 1:
            row = parents(row)
        return row[0]
