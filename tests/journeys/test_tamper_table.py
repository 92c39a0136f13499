"""The table in docs/audit.md, row by row, on ten thousand entries and on their bundle, made on each database."""

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.wiring import open_store
from domain.proofs import frontier_at, inclusion_proof
from domain.tlog_tiles import bundles_of, tiles_of
from governance.findings import Report
from governance.offline import verify_bundle
from tests.conftest import BACKENDS
from tests.journeys import tampered
from tests.journeys.conftest import ROOT
from tests.journeys.deeds import DEEDS, Live, Offline, flip
from tests.journeys.tampered import World
from tests.journeys.tampering import flip_file

pytestmark = pytest.mark.slow


class Row(NamedTuple):
    """One of the table."""

    who: str
    does: str
    finding: str
    exit: str
    position: str
    live: str
    bundle: str


TABLE = [
    Row(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in (ROOT / "docs/audit.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| an? (thief|insider) \|", line)
]


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = tmp_path_factory.mktemp(f"world-{request.param}")
    if request.param == "sqlite":
        yield tampered.embedded(place)
    else:
        yield from tampered.served(request.getfixturevalue("postgres"), place)


def copied(world: World, place: Path) -> Path:
    shutil.copytree(world.bundle, place / "bundle")
    return place / "bundle"


def told(report: Report, row: Row, at: int | None) -> list[str]:
    """Where the row's finding is, at this position; the exit status is the row's."""
    assert report.exit_status == int(row.exit), report.findings[:5]
    return [one.where for one in report.findings if (one.name, one.position) == (row.finding, at)]


def test_the_table_tells_of_every_deed_there_is() -> None:
    assert [row.does for row in TABLE] == list(DEEDS)


def test_nothing_is_found_where_nothing_was_done(world: World, tmp_path: Path) -> None:
    copy = world.copy(tmp_path)

    for report in (world.live(world.settings), world.live(copy), world.offline(world.bundle)):
        assert (report.findings, report.exit_status) == ([], 0)
        assert (report.size, report.erasures, report.heads >= 3) == (world.heads[-1], 4, True)


@pytest.mark.parametrize("row", TABLE, ids=[row.does for row in TABLE])
def test_a_deed_in_a_live_store_gives_what_the_table_says(world: World, row: Row, tmp_path: Path) -> None:
    settings = world.copy(tmp_path)
    live = Live(world, settings, tmp_path, world.tables(settings, tmp_path))

    at = DEEDS[row.does][0](live)

    report = world.live(live.settings)
    assert any(where.startswith(row.live) for where in told(report, row, at)), report.findings[:5]


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)  # the same files, whichever database they come from
@pytest.mark.parametrize("row", TABLE, ids=[row.does for row in TABLE])
def test_a_deed_in_a_bundle_gives_what_the_table_says(world: World, row: Row, tmp_path: Path) -> None:
    deed = DEEDS[row.does][1]
    if deed is None:
        assert row.bundle.startswith("not seen")
        return
    bundle = copied(world, tmp_path)

    at = deed(Offline(world, bundle))

    report = world.offline(bundle)
    assert any(where.startswith(row.bundle) for where in told(report, row, at)), report.findings[:5]


def flipped_files(bundle: Path, size: int) -> list[Path]:
    """Every file whose bytes the tree vouches for."""
    packs = sorted(path for path in (bundle / "bodies").rglob("*") if path.is_file())
    return [*(bundle / name.path for name in (*tiles_of(size), *bundles_of(size))), *packs]


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(3))
def test_ten_flipped_bytes_of_a_bundle_are_found_one_by_one(world: World, seed: int, tmp_path: Path) -> None:
    bundle, chance = copied(world, tmp_path), random.Random(seed)

    for path in chance.choices(flipped_files(bundle, world.heads[-1]), k=10):
        place = chance.randrange(path.stat().st_size)
        flip_file(bundle / path, place)
        report = world.offline(bundle)
        assert report.exit_status in (10, 11), (path, place, report.findings)  # 11: a length tells of another body
        first = re.sub(r"\D", "", path.relative_to(bundle).as_posix().partition(".p")[0].rpartition("/")[2])
        span = 65_536 if "tile/1" in str(path) else 256
        assert any(one.position is not None and one.position // span == int(first) for one in report.findings)
        flip_file(bundle / path, place)
    assert world.offline(bundle).findings == []


@pytest.mark.parametrize("table", ["entry", "body", "tile"])
def test_flipped_bytes_of_a_table_are_found_each_where_it_is(world: World, table: str, tmp_path: Path) -> None:
    settings, chance = world.copy(tmp_path), random.Random(7)
    tables = world.tables(settings, tmp_path)
    key, columns, known = {
        "entry": ("position", ("entry_id", "content", "hash", "key_id"), sorted(world.story.bodies)),
        "body": ("position", ("sealed",), sorted(world.story.bodies)),
        "tile": ("number", ("hashes", "root"), list(range(world.heads[-1] // 256))),
    }[table]
    flips = {row: columns[at % len(columns)] for at, row in enumerate(chance.sample(known, 20))}

    for row, column in flips.items():
        [(value,)] = tables.sql("log", f"SELECT {column} FROM {table} WHERE {key} = ?", row)
        tables.sql("log", f"UPDATE {table} SET {column} = ? WHERE {key} = ?", flip(bytes(value)), row)

    report = world.live(settings)
    assert report.exit_status == 10
    span = 256 if table == "tile" else 1
    found = {(one.position, one.where) for one in report.findings if one.where.startswith(f"log.{table}")}
    assert {position for position, _ in found} == {row * span for row in flips}
    if table != "entry":
        assert found == {(row * span, f"log.{table}.{column}") for row, column in flips.items()}


def test_an_erasure_changes_no_earlier_root_and_no_earlier_proof(world: World, tmp_path: Path) -> None:
    """E2: what was proven before the three erasures and the retention run is proven by the same bytes after them."""
    then = open_store(world.copy_of_yesterday(tmp_path)).log
    now = open_store(world.settings).log
    size = world.heads[0]
    assert then.head().size == size < now.head().size
    for some in (1, 255, 256, 5000, size):
        assert frontier_at(some, now).root() == frontier_at(some, then).root()
    for position in (0, 7, 4321, size - 1):
        assert inclusion_proof(position, size, now) == inclusion_proof(position, size, then)


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize("deed", ["cuts the tail off and signs", "edits an entry and rebuilds the tree"])
def test_without_saved_heads_an_insider_is_not_found_and_the_report_says_so(
    world: World, deed: str, tmp_path: Path
) -> None:
    bundle = copied(world, tmp_path)
    bend = DEEDS[deed][1]
    assert bend is not None
    bend(Offline(world, bundle))

    report = verify_bundle(bundle, world.vkey)

    assert (report.findings, report.exit_status) == ([], 0)
    assert report.unproven[0] == "histories"
