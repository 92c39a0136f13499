"""A word, a hold or a policy that dies half way, and then the store: nobody is used for more than he agreed to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.operating import back_up, restore
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import DAY
from governance.consenting import grant, withdraw
from governance.erasure import erase
from governance.holds import list_holds, set_hold
from governance.standing import standing_of
from governance.store import Store
from governance.subjects import find
from governance.words import lines_of, opened
from tests.conftest import NOW, call, make_store, take_in
from tests.crashes.fakes import CrashAt, run_and_crash
from tests.crashes.worlds import ADA, BOB, restarted


@pytest.fixture
def store(sqlite_settings: Settings, tmp_path: Path) -> Store:
    """Ada said yes, Bob nothing; then there is a backup."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, ADA), call(2, BOB))
    grant(store, ADA, "marketing")
    back_up(sqlite_settings, store, tmp_path / "backup", keyring=True)
    return store


def brought_back(settings: Settings, place: Path) -> Store:
    shutil.rmtree(settings.store)
    restore(settings, place / "backup")
    return open_store(settings)


def is_given(store: Store, name: str) -> bool:
    return "marketing" in standing_of(store, find(store, name)).given


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", ["mirror.add_words", "commit log"])
@pytest.mark.parametrize("word", [withdraw, grant])
def test_who_is_not_used_before_a_loss_is_not_used_after_it(
    store: Store, sqlite_settings: Settings, tmp_path: Path, word: Callable[..., object], at: str, after: bool
) -> None:
    """R4, R10: a no is kept outside before it counts, a yes after."""
    name = ADA if word is withdraw else BOB
    run_and_crash(store, lambda one: word(one, name, "marketing"), CrashAt(at, after=after))
    before = is_given(restarted(sqlite_settings), name)

    found = is_given(brought_back(sqlite_settings, tmp_path), name)

    assert found <= before


def test_a_word_that_was_torn_anywhere_is_no_word(store: Store, tmp_path: Path) -> None:
    withdraw(store, ADA, "marketing")
    [path] = (tmp_path / "keys").glob("*/mirror/words.txt")
    whole, who = path.read_bytes(), [find(store, ADA)]
    first = whole.index(b"\n")
    for length in range(first + 1, len(whole) - 1):
        path.write_bytes(whole[:length])

        assert len(opened(store, lines_of(store), who)) == 1


def test_a_hold_whose_act_reached_no_mirror_before_the_crash_does_at_the_next_start(
    store: Store, sqlite_settings: Settings, tmp_path: Path
) -> None:
    run_and_crash(store, lambda one: set_hold(one, ADA, ground="audit", until=NOW + DAY), CrashAt("mirror.add_acts"))
    [hold] = list_holds(restarted(sqlite_settings))

    assert list_holds(brought_back(sqlite_settings, tmp_path)) == [hold]


@pytest.mark.slow
def test_the_mirror_of_an_older_program_forgets_no_removal_either(
    store: Store, sqlite_settings: Settings, tmp_path: Path
) -> None:
    """L5, R5: it kept of every line the first copy alone, before the restores that cancel it, and no words."""
    erase(store, ADA)
    for _ in range(2):
        brought_back(sqlite_settings, tmp_path)
    [path] = (tmp_path / "keys").glob("*/mirror/acts.jsonl")
    lines = [line for line in path.read_text().splitlines() if "policy" not in line]
    path.write_text("".join(line + "\n" for line in dict.fromkeys(lines)))
    (path.parent / "words.txt").unlink()

    late = brought_back(sqlite_settings, tmp_path)

    assert take_in(late, call(9, ADA)).suppressed == 1
