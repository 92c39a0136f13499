"""Ways to bring an erased person back, or to bend what is in force, that were tried and must stay shut."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from adapters.settings import Settings
from adapters.wiring import open_store, publish_policy
from domain.errors import MergedMeanwhile, NoBasis, NotFound, PolicyChanged
from governance.access import Reader
from governance.audit import verify_live
from governance.erasure import erase, fence, open_case, preview, recover
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in

FILES = ("keyring", "projections")


def _die(_: object) -> None:
    raise KeyboardInterrupt


def test_a_merge_between_the_preview_and_the_fence_stops_the_erasure(store: Store) -> None:
    """I6, I7: a merge is before the fence, and covered, or after it, and refused."""
    take_in(store, call(1, "user_id:ann"), call(2, "user_id:bob"))
    ann = find(store, "user_id:ann")
    case = open_case(store, component(store, ann))
    take_in(store, call(3, "user_id:bob", kind="alias/1", previous="user_id:ann"))

    with pytest.raises(MergedMeanwhile):
        fence(store, ann, case)

    assert preview(store, "user_id:ann")["members"] == 2
    assert erase(store, "user_id:ann").status == "completed"
    assert verify_live(store).findings == []


def test_a_chain_of_aliases_longer_than_any_is_erased_whole(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings, policy=default_text().replace("max_linked = 50", "max_linked = 500"))
    people = [f"user_id:{number}" for number in range(80)]
    take_in(store, *(call(number, one) for number, one in enumerate(people, 1)))
    for number, one in enumerate(people[:-1], 100):
        take_in(store, call(number, people[number - 99], kind="alias/1", previous=one))

    assert preview(store, people[0])["members"] == 80
    assert erase(store, people[0]).status == "completed"

    with pytest.raises(NotFound):
        find(store, people[-1])
    assert rebuild(store, check=True).differences == []


@pytest.mark.parametrize("killed", [False, True], ids=["at once", "killed once keys are destroyed"])
def test_a_keyring_restored_from_before_an_erasure_forgets_again(
    sqlite_settings: Settings, tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:ann"), call(2, "user_id:bob"))
    catch_up_to_head(store)
    store.storage.overwrite(wait_seconds=5)
    directory = Path(sqlite_settings.store)
    for name in FILES:
        shutil.copy(directory / f"{name}.db", tmp_path / name)
    erase(store, "user_id:ann")
    store.storage.overwrite(wait_seconds=5)
    for name in FILES:
        for end in ("-wal", "-shm"):
            (directory / f"{name}.db{end}").unlink(missing_ok=True)
        shutil.copy(tmp_path / name, directory / f"{name}.db")

    if killed:
        with monkeypatch.context() as patch:
            patch.setattr("governance.keyring.Keyring.forget", _die)
            with pytest.raises(KeyboardInterrupt):
                recover(open_store(sqlite_settings))
    restored = open_store(sqlite_settings)
    recover(restored)
    catch_up_to_head(restored)

    with pytest.raises(NotFound):
        Reader(restored, "tester").read("user_id:ann", "personalization")
    assert take_in(restored, call(3, "user_id:ann")).suppressed == 1
    assert Reader(restored, "tester").read("user_id:bob", "personalization")["activity"]["events"] == 1
    assert {one.where for one in verify_live(restored).findings} <= {"keyring.data_key"}  # the case's key is lost
    assert rebuild(restored, check=True).differences == []


def test_an_act_beyond_the_signed_head_puts_no_policy_in_force(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:ann"))
    catch_up_to_head(store)
    bent = default_text().replace('basis = "consent"', 'basis = "contract"')
    engine = create_engine(f"sqlite:///{sqlite_settings.store}/log.db")
    row = text("INSERT INTO entry VALUES (999999, x'00', 1, NULL, NULL, 'policy_published', x'00', :fields, x'00')")
    with engine.begin() as connection:
        from hashlib import sha256

        digest = sha256(bent.encode()).hexdigest()
        connection.execute(row, {"fields": f'{{"hash":"{digest}","version":9}}'})
        connection.execute(text("INSERT INTO document VALUES (:h, 'policy', :t)"), {"h": digest, "t": bent})

    with pytest.raises(NoBasis):
        Reader(open_store(sqlite_settings), "tester").read("user_id:ann", "marketing")


def test_a_process_under_an_older_policy_neither_reads_nor_writes_nor_folds(settings: Settings) -> None:
    old = make_store(settings)
    take_in(old, call(1, "user_id:ann"))
    catch_up_to_head(old)

    publish_policy(settings, open_store(settings), default_text().replace("half_life_days = 90", "half_life_days = 45"))

    with pytest.raises(PolicyChanged):
        Reader(old, "tester").read("user_id:ann", "personalization")
    with pytest.raises(PolicyChanged):
        take_in(old, call(2, "user_id:ann"))
    with pytest.raises(PolicyChanged):
        rebuild(old, check=False)
    again = open_store(settings)
    assert take_in(again, call(2, "user_id:ann")).accepted == 1
    assert rebuild(again, check=True).differences == []
