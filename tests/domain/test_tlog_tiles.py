"""A log as plain files: names and widths as C2SP writes them, bundles that hold exactly their entries."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tlog_tiles import ENTRIES, BadTile, TileName, bundles_of, parse_bundle, parse_path, print_bundle, tiles_of
from domain.tree import Frontier, leaf_hash, leaf_hashes, split_hashes
from domain.treehead import parse_tree_head
from governance.signing import open_tree_head

FOREIGN = Path(__file__).parents[3] / "shared" / "vectors" / "foreign-log"
FOREIGN_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

PATHS = {
    TileName(0, 1234067): "tile/0/x001/x234/067",
    TileName(0, 273): "tile/0/273",
    TileName(0, 1000): "tile/0/x001/000",
    TileName(2, 0, 1): "tile/2/000.p/1",
    TileName(ENTRIES, 273, 112): "tile/entries/273.p/112",
    TileName(ENTRIES, 0): "tile/entries/000",
}


@pytest.mark.parametrize("name", PATHS, ids=PATHS.__getitem__)
def test_a_file_has_the_path_that_the_specification_gives_it(name: TileName) -> None:
    assert name.path == PATHS[name]
    assert parse_path(name.path) == name


@given(st.integers(-1, 2), st.integers(0, 10**11), st.integers(1, 256))
def test_a_path_leads_back_to_its_name(level: int, number: int, width: int) -> None:
    name = TileName(level, number, width)

    assert parse_path(name.path) == name


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1", "tile/00/001", "tile/0/x000/001", "tile/0/0001", "tile/0/001.p/0", "tile/0/001.p/256",
        "tile/0/001.p/01", "tile/0/001.p/300", "tile/64/000", "tile/-1/000", "tile/0/001/", "/tile/0/001",
        "tile/data/000", "tile/8/0/001", "tile/0/001/002", "tile/0/x001", "tile/0/001\n", "tile/0/٠٠١", "tile/../000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)  # fmt: skip
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(BadTile):
        parse_path(path)


def test_70_000_entries_have_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))

    assert [name for name in tiles if name.level == 0] == [*(TileName(0, at) for at in range(273)), (0, 273, 112)]
    assert [name for name in tiles if name.level > 0] == [(1, 0, 256), (1, 1, 17), (2, 0, 1)]
    assert [name.number for name in bundles_of(70_000)] == list(range(274))


def test_a_full_tile_starts_the_level_above_and_leaves_no_empty_one() -> None:
    assert [name.path for name in tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    assert [name.path for name in tiles_of(255)] == ["tile/0/000.p/255"]
    assert [name.path for name in bundles_of(257)] == ["tile/entries/000", "tile/entries/001.p/1"]
    assert list(tiles_of(0)) == list(bundles_of(0)) == []


def test_a_name_knows_the_first_position_below_it() -> None:
    assert [TileName(level, 3).first for level in (ENTRIES, 0, 1)] == [768, 768, 3 << 16]


def test_a_bundle_is_each_length_in_two_bytes_before_its_entry() -> None:
    assert print_bundle([b"", b"ab", b"x" * 258]) == b"\0\0" + b"\0\2ab" + b"\1\2" + b"x" * 258


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_holds_what_was_put_in(entries: list[bytes]) -> None:
    assert parse_bundle(print_bundle(entries), len(entries)) == entries


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=4), st.data())
def test_a_bundle_that_is_cut_or_grown_is_refused(entries: list[bytes], data: st.DataObject) -> None:
    bundle = print_bundle(entries)
    other = data.draw(st.sampled_from([bundle + b"\0", bundle + b"\0\0", *(bundle[:at] for at in range(len(bundle)))]))

    with pytest.raises(BadTile):
        parse_bundle(other, len(entries))


@pytest.mark.parametrize("entries", [[], [b""] * 257, [b"x" * 65_536]], ids=["none", "257", "too long"])
def test_what_no_bundle_holds_is_not_printed(entries: list[bytes]) -> None:
    with pytest.raises(BadTile):
        print_bundle(entries)


@pytest.mark.skipif(not FOREIGN.exists(), reason="the vectors of others are not here")
def test_every_tree_of_a_log_that_others_wrote_is_read() -> None:
    heads = [
        parse_tree_head((FOREIGN / f"checkpoint.{at}").read_text().partition("\n\n")[0] + "\n") for at in range(16)
    ]

    for head in heads[1:]:
        (tile,), (bundle,) = tiles_of(head.size), bundles_of(head.size)
        entries = parse_bundle((FOREIGN / bundle.path).read_bytes(), bundle.width)
        assert split_hashes((FOREIGN / tile.path).read_bytes()) == [leaf_hash(entry) for entry in entries]
        assert Frontier().extended(leaf_hashes(entries)).root() == head.root
    assert open_tree_head((FOREIGN / "checkpoint").read_text(), FOREIGN_KEY) == heads[-1]
