"""The tree of a log, against RFC 6962 as its text defines it."""

from functools import cache

from domain.log import Log, leaf
from domain.proofs import consistency_proof, frontier_at, inclusion_proof, verify_consistency, verify_inclusion
from domain.tree import TILE_BYTES, leaf_hash
from governance.store import Store
from tests.conftest import call, take_in
from tests.contracts.raw import grow
from tests.oracles import tree_oracle

SIZES = (3, 255, 256, 257, 400, 512, 600)


class Remembered:
    """The log's tiles, each read once."""

    def __init__(self, log: Log) -> None:
        self.tile = cache(log.tile)


def leaves_of(log: Log) -> list[bytes]:
    """Leaf hashes computed from the rows, not those that lie beside them."""
    return [leaf_hash(leaf(entry)) for entry in log.entries(after=-1, limit=10_000)]


def test_the_head_is_the_tree_over_every_entry_at_every_size(store: Store) -> None:
    for size in SIZES:
        take_in(store, call(size, f"user_id:{size}"))
        grow(store, size)
        leaves, head = leaves_of(store.log), store.log.head()

        assert head.size == len(leaves) >= size
        assert head.frontier.root() == tree_oracle.mth(leaves)
        assert [entry.hash for entry in store.log.entries(after=-1, limit=10_000)] == leaves


def test_every_entry_is_proven_in_every_tree(store: Store) -> None:
    grow(store, SIZES[-1])
    leaves, tiles = leaves_of(store.log), Remembered(store.log)

    for size in SIZES:
        root = tree_oracle.mth(leaves[:size])
        assert frontier_at(size, tiles).root() == root
        for index in range(size):
            verify_inclusion(leaves[index], index, size, inclusion_proof(index, size, tiles), root)


def test_every_tree_is_a_beginning_of_the_later_ones(store: Store) -> None:
    grow(store, SIZES[-1])
    leaves, tiles = leaves_of(store.log), Remembered(store.log)
    roots = {size: tree_oracle.mth(leaves[:size]) for size in SIZES}

    for old in SIZES:
        for size in (one for one in SIZES if one >= old):
            proof = consistency_proof(old, size, tiles)
            assert proof == ([] if old == size else tree_oracle.proof(old, leaves[:size]))
            verify_consistency(old, size, proof, roots[old], roots[size])


def test_a_full_tile_never_changes_and_the_edge_only_grows(store: Store) -> None:
    grow(store, 300)
    first, edge = store.log.tile(0, 0), store.log.tile(0, 1)

    grow(store, 600)

    leaves = leaves_of(store.log)
    assert store.log.tile(0, 0) == first == tree_oracle.tile_of(0, 0, leaves)
    assert len(first) == TILE_BYTES
    assert store.log.tile(0, 1).startswith(edge)
    for level, number in ((0, 1), (0, 2), (1, 0), (1, 1), (0, 3)):
        assert store.log.tile(level, number) == tree_oracle.tile_of(level, number, leaves)
