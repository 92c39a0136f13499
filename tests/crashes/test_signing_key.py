"""A rotation of the signing key that dies anywhere: the store opens and signs, and one key is left."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.keys import signing as files
from adapters.keys.signing import SigningKeyFiles
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.note import parse_vkey
from governance.publishing import publish
from governance.signing import open_tree_head
from governance.signing_chain import open_signed_head, tenures
from governance.signing_rotation import Changed, changes, rotate_signing_key
from governance.store import Store
from tests.conftest import call, make_store, take_in
from tests.crashes.fakes import Crash, CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import World, lives, restarted, unsound


def keys_of(settings: Settings) -> SigningKeyFiles:
    return SigningKeyFiles(next(one for one in settings.keys_directory.iterdir()))


def rotating(settings: Settings, crash: CrashAt) -> Callable[[Store], Changed]:
    """With every call of the key files counted too."""
    return lambda store: rotate_signing_key(store, crash.wrap(keys_of(settings), "signing"))


def unsigned(settings: Settings, pinned: str) -> list[str]:
    """What is wrong with a store that was opened again, for who pinned its first key."""
    store = restarted(settings)
    size = store.log.head().size
    take_in(store, call(size, "user_id:late"))
    publish(store.log, store.mirror)
    head, wrong = store.log.head(), unsound(store)
    keys = tenures(pinned, store.mirror.handovers())
    if (open_signed_head(head.note, keys).size, open_tree_head(head.note, store.vkey).size) != (head.size, head.size):
        wrong.append("the head is not signed by today's key")
    left = sorted(path.name for path in next(settings.keys_directory.iterdir()).glob("signing.*"))
    is_begun = not changes(store.log) and left == ["signing.key", "signing.lock", "signing.next"]
    if not is_begun and left not in (["signing.key"], ["signing.key", "signing.lock"]):
        wrong.append(f"a secret is left in {left}")
    if [one.vkey for one in keys] != [pinned, *(act.new for _, act in changes(store.log))]:
        wrong.append("the keys are not those of the acts")
    return wrong


@pytest.mark.slow
def test_a_rotation_of_the_signing_key_that_dies_anywhere_leaves_a_store_that_signs(tmp_path: Path) -> None:
    world, clean = World(lives, tmp_path), CrashAt()
    with world.store() as (settings, store):
        pinned = store.vkey
        run_and_crash(store, rotating(settings, clean), clean)
        assert unsigned(settings, pinned) == []
    failures = {}
    exchanges = [
        (at, True) for at, name in enumerate(clean.names, 1) if name in {"signing.prepare", "signing.take_over"}
    ]
    for number, after in [*crash_points(clean.names, thinned=True), *exchanges]:
        with world.store() as (settings, store):
            crash = CrashAt(number, after=after)
            run_and_crash(store, rotating(settings, crash), crash)

            wrong = unsigned(settings, pinned)
            done = rotate_signing_key(open_store(settings), keys_of(settings))
            wrong += unsigned(settings, pinned)

            again = open_store(settings)
            if again.vkey != done.new or len(changes(again.log)) > 2:
                wrong.append("it did not go on")
            if wrong:
                failures[number, clean.names[number - 1], after] = wrong
    assert failures == {}
    assert {"signing.prepare", "signing.take_over", "mirror.add_handover"} <= set(clean.names)


@pytest.mark.parametrize("step", ["link", "replace", "shred"])
def test_files_that_a_crash_left_half_exchanged_are_exchanged_wholly(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = make_store(sqlite_settings)
    pinned, secret = store.vkey, keys_of(sqlite_settings).current()

    def die(*_: object) -> None:
        raise Crash(step)

    with monkeypatch.context() as patch, suppress(Crash):
        if step == "link":
            patch.setattr(os, "link", die)
        elif step == "replace":
            patch.setattr(files, "sync_directory", die)
            patch.setattr(Path, "replace", lambda path, to: die() if path.name == "signing.next" else path.rename(to))
        else:
            patch.setattr(files, "finish_destroying", lambda path: die() if path.with_suffix(".old").exists() else None)
        rotate_signing_key(store, keys_of(sqlite_settings))
        pytest.fail("it did not die")

    assert unsigned(sqlite_settings, pinned) == []
    for path in next(sqlite_settings.keys_directory.iterdir()).glob("signing.*"):
        assert secret not in path.read_text()


def test_a_process_that_was_opened_before_signs_with_the_new_key(settings: Settings) -> None:
    make_store(settings)
    other, store = open_store(settings), open_store(settings)
    pinned = store.vkey
    assert parse_vkey(pinned).name == store.origin

    done = rotate_signing_key(store, keys_of(settings))
    take_in(other, call(1))

    note = other.log.head().note
    assert open_tree_head(note, done.new).size == other.log.head().size
    assert note.count("\u2014") == 1
    assert parse_vkey(done.new).name == parse_vkey(pinned).name
    assert unsigned(settings, pinned) == []
