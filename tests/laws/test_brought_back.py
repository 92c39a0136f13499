"""What came after a backup and must stand after a restore, however often: removals, words, holds, rules, roles."""

import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.operating import back_up, restore
from adapters.settings import Settings
from adapters.wiring import open_store, publish_policy
from domain.clock import DAY
from domain.errors import NoBasis, NotFound
from governance import actors, api_keys
from governance.access import Reader
from governance.audit import verify_live
from governance.backup import Restoration
from governance.consenting import How, grant, lift, object_to, restrict, withdraw
from governance.erasure import complete_held, erase
from governance.held import show_held
from governance.holds import list_holds, release, set_hold
from governance.notices import publish_notice, text_of
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.standing import standing_of
from governance.subjects import find
from tests.conftest import NOW, call, make_store, take_in

ANN, BEN, CYD = "user_id:ann", "user_id:ben", "user_id:cyd"

NOTICE = {"en": "What we do.", "zh": "我们做什么。"}


class Drill:
    """A store, its backup, and what is lost after it."""

    def __init__(self, settings: Settings, place: Path) -> None:
        self.settings = settings
        self.place = place
        self.store = make_store(settings)
        take_in(self.store, call(1, ANN), call(2, BEN))
        grant(self.store, ANN, "marketing")
        self.save()

    def save(self) -> None:
        """A backup in the place of the one before."""
        shutil.rmtree(self.place / "backup", ignore_errors=True)
        back_up(self.settings, self.store, self.place / "backup", keyring=True)

    def lose(self) -> Restoration:
        """The databases are gone, and come back as they were at the backup."""
        if self.settings.is_server:
            with psycopg.connect(self.settings.store, autocommit=True) as server:
                for schema in ("log", "keyring", "projections"):
                    server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
        else:
            shutil.rmtree(self.settings.store)
        found = restore(self.settings, self.place / "backup")
        self.store = open_store(self.settings)
        return found

    def is_sound(self) -> bool:
        catch_up_to_head(self.store)
        assert verify_live(self.store).findings == []
        assert rebuild(self.store, check=True).differences == []
        return True

    def serves(self, name: str, purpose: str) -> bool:
        catch_up_to_head(self.store)
        try:
            Reader(self.store, "tester").read(name, purpose)
        except (NotFound, NoBasis):
            return False
        return True


@pytest.fixture
def drill(settings: Settings, tmp_path: Path) -> Drill:
    return Drill(settings, tmp_path)


@pytest.fixture
def embedded(sqlite_settings: Settings, tmp_path: Path) -> Drill:
    return Drill(sqlite_settings, tmp_path)


@pytest.mark.slow
def test_the_erased_stay_away_however_often_one_backup_is_restored(drill: Drill) -> None:
    """L5, K1, R5, R10."""
    case = erase(drill.store, ANN).case

    for _ in range(3):
        done = drill.lose()
        assert (done.status, done.cases) == ("completed", [case])
        assert not drill.serves(ANN, "service")
        assert take_in(drill.store, call(5, ANN)).suppressed == 1
        assert drill.is_sound()


@pytest.mark.slow
def test_a_word_that_takes_a_permission_away_stands_after_every_restore(drill: Drill) -> None:
    withdraw(drill.store, ANN, "marketing")
    object_to(drill.store, BEN, "personalization")
    restrict(drill.store, ANN, "unlawful")

    for _ in range(3):
        assert drill.lose().reapplied == {"words": 3}
        assert not drill.serves(ANN, "service")
        assert not drill.serves(BEN, "personalization")
        assert drill.serves(BEN, "service")
        assert drill.is_sound()
    lift(drill.store, ANN, How(evidence="letter"))
    assert drill.lose().reapplied == {"words": 4}
    assert drill.serves(ANN, "service")
    assert not drill.serves(ANN, "marketing")


def test_the_last_word_stands_and_a_word_of_one_call_of_many_as_well(embedded: Drill) -> None:
    withdraw(embedded.store, ANN, "marketing")
    grant(embedded.store, ANN, "marketing")
    take_in(embedded.store, call(7, BEN, context={"gpc": True}), call(8, ANN))

    embedded.lose()

    assert embedded.serves(ANN, "marketing")
    refused = standing_of(embedded.store, find(embedded.store, BEN)).refused
    assert refused


def test_words_of_whom_the_backup_does_not_know_make_the_restore_partial_and_are_forgotten(embedded: Drill) -> None:
    take_in(embedded.store, call(3, CYD))
    object_to(embedded.store, CYD, "personalization")

    done = embedded.lose()

    assert (done.status, done.not_reapplied) == ("partial", {"words": 1})
    assert len(embedded.store.mirror.words()) == 1  # of what Ann said before
    assert embedded.lose().not_reapplied == {}


def test_an_erasure_takes_the_words_along(embedded: Drill) -> None:
    withdraw(embedded.store, ANN, "marketing")
    assert len(embedded.store.mirror.words()) == 2

    erase(embedded.store, ANN)

    assert [line[0] for line in embedded.store.mirror.words()] == ["g"]  # that he went


def test_words_name_nobody(embedded: Drill, tmp_path: Path) -> None:
    """L2: neither identifier nor subject, purpose or time in clear."""
    withdraw(embedded.store, ANN, "marketing")
    subject = find(embedded.store, ANN).hex()
    [path] = (tmp_path / "keys").glob("*/mirror/words.txt")

    text = path.read_text()

    assert not any(one in text for one in (ANN, "ann", "marketing", "withdrawn", subject))
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_hold_stands_and_what_it_kept_of_the_erased_goes_once_it_is_released(drill: Drill) -> None:
    """G1: also the held who was erased since the backup."""
    hold = set_hold(drill.store, ANN, ground="legal_claims", until=NOW + DAY)
    other = set_hold(drill.store, BEN, ground="audit", until=NOW + DAY)
    assert erase(drill.store, ANN).status == "held"

    for _ in range(2):
        assert drill.lose().reapplied == {"holds": 2}
        assert {one["hold"] for one in list_holds(drill.store)} == {hold.hex(), other.hex()}
        assert complete_held(drill.store) == []
        assert show_held(drill.store, hold, reason="audit")["entries"]
        assert not drill.serves(ANN, "service")
    release(drill.store, other)
    release(drill.store, hold)
    assert [one.status for one in complete_held(drill.store)] == ["completed"]
    assert drill.lose().not_reapplied == {}
    assert list_holds(drill.store) == []
    assert drill.is_sound()


def test_a_release_stands(embedded: Drill) -> None:
    hold = set_hold(embedded.store, BEN, ground="audit", until=NOW + DAY)
    embedded.save()
    release(embedded.store, hold)

    assert embedded.lose().reapplied == {"releases": 1}

    assert list_holds(embedded.store) == []


@pytest.mark.slow
def test_policies_and_notices_stand(drill: Drill) -> None:
    stricter = default_text().replace("months = 25", "months = 3")
    publish_policy(drill.settings, drill.store, stricter)
    drill.store = open_store(drill.settings)
    publish_notice(drill.store, "marketing", NOTICE)

    for _ in range(2):
        assert drill.lose().reapplied == {"policies": 1, "notices": 2}
        assert (drill.store.policy_version, drill.store.policy.months("behaviour")) == (2, 3)
        assert text_of(drill.store, "marketing", "zh") == NOTICE["zh"]
        assert drill.is_sound()


def test_a_policy_whose_text_is_missing_is_named(embedded: Drill, tmp_path: Path) -> None:
    publish_policy(embedded.settings, embedded.store, default_text().replace("months = 25", "months = 3"))
    [texts] = (tmp_path / "keys").glob("*/mirror/texts")
    shutil.rmtree(texts)

    done = embedded.lose()

    assert (done.status, done.not_reapplied) == ("partial", {"policies": 1})


@pytest.fixture
def staffed(embedded: Drill) -> tuple[Drill, dict[str, Any]]:
    actors.grant(embedded.store, "olga", "officer")
    made = api_keys.create(embedded.store, "shop", "service")
    embedded.save()
    return embedded, made


def test_who_lost_a_role_or_a_key_does_not_have_it_back(staffed: tuple[Drill, dict[str, Any]]) -> None:
    drill, made = staffed
    actors.revoke(drill.store, "olga", "officer")
    api_keys.revoke(drill.store, made["key"])

    assert drill.lose().reapplied == {"words": 2}

    roles = {one["name"]: one["roles"] for one in actors.actors(drill.store)}
    assert roles["olga"] == {}
    assert [one["valid"] for one in api_keys.listed(drill.store)] == [False]
