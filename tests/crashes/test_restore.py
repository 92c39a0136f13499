"""A restore that dies anywhere: nobody whom the store has forgotten since is served, and repeated it is whole."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.operating import back_up, restore
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import NotFound, Unavailable
from governance.access import Reader
from governance.backup import declare
from governance.erasure import erase, recover
from governance.publishing import Rollback
from governance.store import Store
from tests.conftest import call, make_store, settings_for, take_in
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import ADA, BOB, CYD, digests, events_of, lives, restarted, unsound


@pytest.fixture
def drill(tmp_path: Path) -> Settings:
    """Yesterday's files, brought back and not declared; the keys know that Ada was erased since."""
    settings = settings_for(str(tmp_path / "store"), tmp_path)
    store = make_store(settings)
    lives(store)
    back_up(settings, store, tmp_path / "backup", keyring=True)
    take_in(store, call(60, ADA), call(61, CYD))
    assert erase(store, ADA).status == "completed"
    shutil.rmtree(settings.store)
    Path(settings.store).mkdir()
    for name in ("log", "keyring", "projections"):
        shutil.copy(tmp_path / "backup" / f"{name}.db", settings.store)
    return settings


def tries(settings: Settings) -> Store | None:
    """The store as the next command opens it, if it does."""
    with suppress(Rollback):
        return restarted(settings)
    return None


@pytest.mark.slow
def test_a_restore_that_dies_anywhere_serves_no_one_erased_and_is_whole_when_repeated(
    drill: Settings, tmp_path: Path
) -> None:
    """R4, R10: before the act is mirrored the store does not open; after that it forgets before it serves."""
    clean, failures = CrashAt(), {}
    points: list[tuple[int, bool]] = [(0, False)]
    never_met = settings_for(str(tmp_path / "never" / "store"), tmp_path / "never")
    lives(other := make_store(never_met), with_ada=False)
    for number, after in points:
        place = tmp_path / f"copy{number}"
        shutil.copytree(drill.store, place / "store")
        shutil.copytree(tmp_path / "keys", place / "keys")
        settings = settings_for(str(place / "store"), place)
        crash = CrashAt(number, after=after) if number else clean
        run_and_crash(open_store(settings, strict=False), lambda one: (declare(one), recover(one)), crash)
        if not number:
            own = clean.names.index("slots.clear") + 1  # what follows is any removal's
            points += [point for point in crash_points(clean.names, thinned=True) if point[0] <= own]
        store, wrong = tries(settings), []
        if store is None:
            restore(settings, tmp_path / "backup")
            store = restarted(settings)
        else:
            with pytest.raises(Unavailable):
                restore(settings, tmp_path / "backup")
        with suppress(NotFound):
            Reader(store, "tester").read(ADA, "personalization")
            wrong.append("the erased is served")
        wrong += unsound(store)
        if digests(store) != digests(other) or events_of(store, BOB, CYD) != events_of(other, BOB, CYD):
            wrong.append("not as if the store had never met her")
        if len(store.log.acts(["restored"])) != 1:
            wrong.append("not declared once")
        if wrong:
            failures[number, clean.names[number - 1], after] = wrong
        shutil.rmtree(place)
    assert failures == {}
    assert len(points) > 5
