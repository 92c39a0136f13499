"""The published directory: what RFC 6962 and C2SP say of it at every size; never another log; whole after any crash."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

import pytest

from adapters.site import StaticSite
from domain.errors import Damaged, Unavailable
from domain.log import leaf
from domain.note import print_note, print_vkey
from governance.publishing import HighWater, Rollback, publish, publish_when_due
from governance.signing import generate, open_tree_head, signer
from governance.site import show
from tests.governance.growing import NAME, growing, mirror_in
from tests.oracles import tree_oracle


class Died(BaseException):
    pass


def names(size: int) -> set[str]:
    """Of the files that a tree has, by the text of the specification alone."""

    def path(number: int) -> str:
        digits = f"{number:03d}" if number < 1000 else f"x{number // 1000:03d}/{number % 1000:03d}"
        assert number < 1_000_000
        return digits

    found, level = set(), 0
    while size >> 8 * level:
        full, width = divmod(size >> 8 * level, 256)
        for kind in [str(level), *(["entries"] if level == 0 else [])]:
            found |= {f"tile/{kind}/{path(number)}" for number in range(full)}
            found |= {f"tile/{kind}/{path(full)}.p/{width}"} if width else set()
        level += 1
    return found


def shown(place: Path) -> dict[str, bytes]:
    files = [path for path in (place / "site").rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(place / "site").as_posix(): path.read_bytes() for path in files}


def wrong(log: Any, place: Path) -> list[str]:
    """Every file of the newest tree against the tree as RFC 6962 defines it."""
    found, size = shown(place), log.frontier.size
    missing = sorted((names(size) | {"checkpoint"}) - found.keys())
    if missing:
        return missing
    bad = [] if found["checkpoint"].decode() == log.head().note else ["checkpoint"]
    for name in names(size):
        kind, number = name.split("/")[1], int(name.split(".p")[0].split("/", 2)[2].replace("x", "").replace("/", ""))
        if kind == "entries":
            some = [leaf(one) for one in log.rows[256 * number : 256 * (number + 1)]]
            right = b"".join(len(one).to_bytes(2, "big") + one for one in some)
        else:
            right = tree_oracle.tile_of(int(kind), number, log.leaves)
        bad += [name] if found[name] != right else []
    return bad


def test_the_directory_holds_the_tree_at_every_size_and_partial_tiles_until_they_are_full(tmp_path: Path) -> None:
    log, mirror, before = growing(), mirror_in(tmp_path), dict[str, bytes]()
    for size in (1, 2, 255, 256, 257, 300, 511, 512, 600, 6000, 6001):
        publish(log.grow(size), mirror)

        found = shown(tmp_path)
        assert wrong(log, tmp_path) == []
        full = {name for name in before if ".p/" not in name and name != "checkpoint"}
        assert {name: found[name] for name in full} == {name: before[name] for name in full}
        before = found
    assert {name for name in before if ".p/" in name} - names(6001) == {
        *("tile/0/023.p/112", "tile/entries/023.p/112", "tile/1/000.p/1", "tile/1/000.p/2"),
    }  # of heads before; all others are full now, and gone


@pytest.mark.slow
def test_the_example_of_the_specification_has_its_files(tmp_path: Path) -> None:
    log, mirror = growing(), mirror_in(tmp_path)
    for size in (65_000, 65_536, 70_000):
        publish(log.grow(size), mirror)

        assert wrong(log, tmp_path) == []
    found = shown(tmp_path)
    counts = {level: len([one for one in found if one.startswith(f"tile/{level}/")]) for level in ("0", "1", "2")}
    assert counts == {"0": 274, "1": 2, "2": 1}
    assert {"tile/0/273.p/112", "tile/entries/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"} <= found.keys()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A web server that knows nothing of logs."""
    (tmp_path / "site").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path / "site"))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_any_web_server_shows_it_to_who_pinned_the_key(tmp_path: Path, address: str) -> None:
    key = signer(generate(NAME, b"\1" * 32))
    log = growing(300, key=key)
    publish(log, mirror_in(tmp_path))

    def read(path: str) -> bytes:
        with urlopen(f"{address}/{path}", timeout=5) as answer:
            content: bytes = answer.read()
            return content

    head = open_tree_head(read("checkpoint").decode(), print_vkey(key.key))
    leaves = read("tile/0/000") + read(f"tile/0/001.p/{head.size % 256}")
    assert head.root == tree_oracle.mth([leaves[at : at + 32] for at in range(0, len(leaves), 32)])


class Dying(StaticSite):
    """Dies before the nth change of a file, which is after the one before it."""

    def __init__(self, directory: Path, change: int) -> None:
        super().__init__(directory)
        self.left = change

    def _draft(self, path: str, content: bytes) -> Path:
        target: Path = self._once(lambda: super(Dying, self)._draft(path, content))
        return target

    def _place(self, targets: Sequence[Path]) -> None:
        for target in targets:
            self._once(partial(super()._place, [target]))

    def drop(self, directory: str) -> None:
        self._once(lambda: super(Dying, self).drop(directory))

    def _once(self, effect: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left == 0:
            raise Died
        return effect()


def test_a_publication_that_dies_anywhere_shows_the_head_of_before_and_goes_on(tmp_path: Path) -> None:
    change = left = 0
    while left <= 0:
        change += 1
        place, log = tmp_path / str(change), growing(250)
        publish(log, mirror_in(place))
        note, site = shown(place)["checkpoint"].decode(), Dying(place / "site", change)
        with suppress(Died):
            publish(log.grow(530), mirror_in(place, site=site))
        left = site.left
        assert shown(place)["checkpoint"].decode() == (note if left <= 0 else log.head().note)
        if left > 0:
            assert wrong(log, place) == []

        publish(log.grow(600), mirror_in(place))

        assert wrong(log, place) == []
        partial_tiles = {name.removesuffix(".new") for name in shown(place) if ".p/" in name}  # goes with its tile
        assert partial_tiles <= names(600) | names(530)
    assert change > 20


def test_nothing_is_shown_that_the_high_water_file_does_not_hold(tmp_path: Path) -> None:
    log, mirror = growing(5), mirror_in(tmp_path)

    with pytest.raises(Rollback):
        show(StaticSite(tmp_path / "site"), log, mirror, log.head())

    assert shown(tmp_path) == {}


@pytest.mark.parametrize("size", [5, 299, 300, 400])
def test_a_shorter_or_another_log_is_neither_given_out_nor_shown(tmp_path: Path, size: int) -> None:
    mirror = mirror_in(tmp_path)
    publish(growing(300), mirror)
    before, water = shown(tmp_path), mirror.high_water()
    other = growing(size) if size < 300 else growing(299).grow(size, story="false")

    with pytest.raises(Rollback):
        publish(other, mirror)
    assert mirror.high_water() == water
    mirror.write_high_water(HighWater(size, other.frontier.root(), other.head().note))  # who has the keys' directory
    with pytest.raises(Rollback):
        publish(other, mirror)

    assert shown(tmp_path) == before


def test_the_directory_of_another_log_is_left_alone(tmp_path: Path) -> None:
    site = StaticSite(tmp_path / "site")
    publish(growing(300), mirror_in(tmp_path))
    before = shown(tmp_path)
    (tmp_path / "site" / "checkpoint").write_text(before["checkpoint"].decode().replace(NAME, "example.com/else"))

    with pytest.raises(Rollback):
        publish(growing(300), mirror_in(tmp_path, site=site))
    (tmp_path / "site" / "checkpoint").write_text("<html>")
    with pytest.raises(Rollback):
        publish(growing(300), mirror_in(tmp_path, site=site))
    (tmp_path / "site" / "checkpoint").unlink()
    (tmp_path / "site" / "tile" / "0" / "000").write_bytes(bytes(8192))
    with pytest.raises(Rollback):
        publish(growing(300), mirror_in(tmp_path, site=site))

    assert not (tmp_path / "site" / "checkpoint").exists()


@pytest.mark.parametrize("place", [0, 250, 256, 299])
def test_entries_that_are_not_those_of_the_signed_head_are_not_published(tmp_path: Path, place: int) -> None:
    log, mirror = growing(300), mirror_in(tmp_path)
    log.rows[place] = log.rows[place]._replace(act="false")

    with pytest.raises(Damaged):
        publish(log, mirror)

    assert shown(tmp_path) == {}


def test_a_wrong_hash_at_the_edge_is_not_published(tmp_path: Path) -> None:
    log, mirror = growing(600), mirror_in(tmp_path)
    log.tiles[0, 1] = log.tiles[0, 1]._replace(root=bytes(32))

    with pytest.raises(Damaged):
        publish(log, mirror)

    assert "checkpoint" not in shown(tmp_path)


def test_a_head_is_due_after_256_entries_or_a_minute_and_not_again_without_an_entry(tmp_path: Path) -> None:
    moment = [0]
    log, mirror = growing(1), mirror_in(tmp_path, clock=lambda: moment[0])

    def published(size: int, seconds: int) -> int:
        moment[0] = seconds * 1_000_000
        publish_when_due(log.grow(size), mirror, size=size, now=moment[0])
        water = mirror.high_water()
        assert water is not None
        assert f"\n{water.size}\n" in shown(tmp_path)["checkpoint"].decode()
        return water.size

    assert published(2, 0) == 2  # the first is due
    assert published(257, 59) == 2
    assert published(258, 59) == 258
    assert published(258, 500) == 258
    assert published(259, 59) == 258
    assert published(260, 61) == 260  # the start of the minute counts: the file knows no closer
    assert published(261, 119) == 260
    assert published(262, 120) == 262
    assert published(263, 58) == 263  # the clock was set back


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable):
        publish(growing(1), mirror_in(tmp_path, site=StaticSite(tmp_path / "file" / "site")))


def test_cosignatures_of_the_very_head_are_shown_with_it(tmp_path: Path) -> None:
    log, mirror = growing(3), mirror_in(tmp_path)
    publish(log, mirror)
    other = signer(generate("other", b"\2" * 32))
    text = log.head().note.partition("\n\n")[0] + "\n"
    cosigned = print_note(text, [other.sign(text)])

    mirror.write_cosigned(cosigned)
    publish(log, mirror)
    both = shown(tmp_path)["checkpoint"].decode()
    publish(log.grow(4), mirror)

    assert both == log_line(both) + cosigned.rpartition("\n\n")[2]
    assert shown(tmp_path)["checkpoint"].decode() == log.head().note


def log_line(note: str) -> str:
    return note[: note.index("\u2014 other")]


def test_files_are_for_everybody_to_read(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        publish(growing(3), mirror_in(tmp_path))
    finally:
        os.umask(old)

    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert modes == {0o644}
