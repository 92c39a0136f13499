"""L4, L5, L6: whatever befalls people in whatever order, a store answers as a plain model of it does."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.operating import back_up, restore
from adapters.settings import Settings
from adapters.wiring import open_store, publish_policy
from domain.calls import Call
from domain.clock import DAY
from domain.errors import NoBasis, NotFound
from domain.events import CONSENTED, IDENTIFY, OBJECTED, RESTRICTED
from governance.access import Reader
from governance.audit import verify_live
from governance.blind import follow
from governance.cleaning import ALIAS
from governance.consenting import grant, lift, object_to, restrict, take_back_objection, withdraw
from governance.door import recorder
from governance.erasure import complete_held, erase
from governance.facts import Fact, record
from governance.holds import release, set_hold
from governance.intake import Recorder
from governance.keyring import EVIDENCE
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.pseudonyms import rotate_index
from governance.retention import apply
from governance.rotation import rotate
from governance.store import Store
from governance.subjects import find
from governance.suppression import rotate as rotate_marks
from governance.unmerging import unmerge
from tests.conftest import NOW, call
from tests.laws.conftest import Blank
from tests.laws.oracle import CLASS, MONTHS, Hold, Oracle
from tests.laws.reading import digests
from tests.laws.test_erasure_commutes import slow_to_draw

USERS = [f"user_id:{number}" for number in range(3)]
DEVICES = [f"anonymous_id:{number}" for number in range(3)]
NAMES = [*USERS, *DEVICES]
PURPOSES = ("personalization", "analytics", "marketing")
TICK, MONTH = 3_601_000_000, 31 * DAY
LONGEST = 48  # months: what people say is itself kept for no more than six years

POLICY = (
    default_text()
    .replace(
        'purposes = ["personalization", "analytics", "marketing", "advertising", "risk"]',
        'purposes = ["personalization"]',
    )
    .replace('purposes = ["service", "personalization", "analytics"]', 'purposes = ["marketing"]')
    .replace("months = 25", "months = 3")
    .replace("months = 120", "months = 12")
)


@dataclass
class Life:
    """A store, its oracle, and two openings of it whose caches stay warm."""

    settings: Settings
    place: Path
    draw: Callable[[st.SearchStrategy[Any]], Any]
    model: Oracle = field(default_factory=lambda: Oracle(NOW))
    subjects: dict[int, bytes] = field(default_factory=dict)  # by the oracle's number
    sent: list[tuple[list[str], str, str, int]] = field(default_factory=list)
    backups: int = 0
    months: int = 0
    desks: list[tuple[Store, Recorder]] = field(default_factory=list)

    def open(self) -> None:
        stores = [open_store(self.settings) for _ in range(2)]
        self.desks = [(store, recorder(store, source="test")) for store in stores]

    def step(self) -> None:
        self.model.now += TICK
        self.desks.reverse()
        self.one_of(STEPS)(self)

    @property
    def store(self) -> Store:
        return self.desks[0][0]

    def one_of(self, some: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(some))

    def anybody(self) -> str:
        """An identifier, of somebody who is there if anybody is."""
        return str(self.one_of(sorted(self.model.memory.names) or NAMES))

    def send(self, names: list[str], name: str, message: str, at: int, **more: Any) -> None:
        """One call, through the door of one opening; the receipt says what the oracle does."""
        expected = self.model.take(names, name, message, at, anew="context" in more)
        receipt = self.desks[0][1].record([as_call(names, name, message, at, **more)])
        assert getattr(receipt, expected) == 1, (expected, receipt)
        self.know()

    def know(self) -> None:
        """Learn which subject the store has made for one that the oracle has."""
        new = {name: soul for name, soul in self.model.memory.names.items() if soul not in self.subjects}
        with self.store.keyring.database.reading() as rows:
            follow(self.store.blinder, self.store.keyring, rows)
            for name, soul in new.items():
                blind = self.store.blinder.blind(name)
                self.subjects[soul] = rows.identifiers([blind])[blind].subject

    def check(self) -> None:
        """Profiles, their bases, and every key, are what the oracle says."""
        catch_up_to_head(self.store)
        reader = Reader(self.store, "tester")
        for purpose in ("service", "personalization", "marketing"):
            for name, found in zip(NAMES, reader.read_many(NAMES, purpose), strict=True):
                root = self.model.root(name)
                if root is None:
                    assert isinstance(found, NotFound), name
                elif not self.model.may(root, purpose):
                    assert isinstance(found, NoBasis), name
                else:
                    assert isinstance(found, dict), (name, found)
                    assert found["activity"]["by_type"] == self.model.counts(root), name
        with self.store.keyring.database.reading() as rows:
            keys = rows.keys_of(self.subjects.values(), taken=True)
            free = {row.key_id for row in rows.keys_of(self.subjects.values())}
        souls = {subject: number for number, subject in self.subjects.items()}
        found = {(souls[row.subject], row.klass, row.epoch, row.key_id in free) for row in keys if row.klass in MONTHS}
        assert found == {
            (number, klass, month, soul.erasure is None)
            for number, soul in self.model.memory.souls.items()
            for klass, month in soul.keys
        }

    def check_whole(self, fresh: Settings) -> None:
        """The log is sound, a replay gives what serves, and all is as if only what is left had ever been told."""
        apply(self.store)
        self.model.retain()
        self.check()
        assert verify_live(self.store).findings == []
        assert rebuild(self.store, check=True).differences == []
        assert digests(self.store) == digests(self.retold(fresh))

    def retold(self, fresh: Settings) -> Store:
        """A store that only ever met who is there, and heard what is left."""
        now, model = NOW, self.model
        store = open_store(replace(fresh, clock=lambda: now))
        roots = {root: model.first_name(root) for root in model.roots()}
        desk = recorder(store, source="test")
        for name in roots.values():
            desk.record([call(1, name, kind=ALIAS, name="", previous=name)])
            record(store, [Fact(find(store, name), EVIDENCE, CONSENTED, {"purpose": "marketing"})])
        told = [(said, name) for root, name in roots.items() for said in model.events(root)]
        for said, name in sorted(told, key=lambda one: one[0].recorded):
            now = said.recorded
            assert desk.record([as_call([name], said.name, said.message, said.at)]).accepted == 1
        now = model.now
        for root, name in roots.items():
            words = [(OBJECTED, one) for one in PURPOSES[:2] if model.word(root, one) == "object"]
            words += [(RESTRICTED, "")] if model.is_restricted(root) else []
            record(store, [Fact(find(store, name), EVIDENCE, word, {"purpose": one}) for word, one in words])
        catch_up_to_head(store)
        return store


def as_call(names: list[str], name: str, message: str, at: int, **more: Any) -> Call:
    """What it says follows from its message."""
    kind = {"kind": IDENTIFY, "name": ""} if name == "Traits" else {"name": name}
    said = {"product_id": message[-1], "category": "abc"[len(message) % 3], "revenue": len(message)}
    return call(1, *names, message_id=message, timestamp=at, properties=said, **kind, **more)


def hear(life: Life) -> None:
    """Somebody does something, alone or on a device that he may share; it may have happened before."""
    device, message = life.one_of(DEVICES), f"{life.one_of(USERS)[-1]}{len(life.sent)}"
    names = life.one_of([[life.one_of(USERS)], [device], [life.one_of(USERS), device]])
    name, late = life.one_of(sorted(CLASS)), life.one_of([0, 0, 3])
    life.sent.append((names, name, message, life.model.now - late * DAY))
    life.send(*life.sent[-1])


def hear_again(life: Life) -> None:
    if life.sent:
        life.send(*life.one_of(life.sent))


def register(life: Life) -> None:
    """An account is made, perhaps by one who was forgotten under its name."""
    message = f"r{len(life.sent)}"
    life.send([life.one_of(USERS)], "Traits", message, life.model.now, context={"registration": "new"})


def join(life: Life) -> None:
    target, previous = life.one_of(NAMES), life.one_of(NAMES)
    expected = life.model.alias(target, previous)
    receipt = life.desks[0][1].record([call(1, target, kind=ALIAS, name="", previous=previous)])
    assert getattr(receipt, expected) == 1, (expected, receipt)
    life.know()


def separate(life: Life) -> None:
    if merged := life.model.merged_names():
        apart = life.one_of(merged)
        unmerge(life.store, apart, apart=apart)
        life.model.unmerge(apart)


def speak(life: Life) -> None:
    """A word on a purpose, or on all."""
    name = life.anybody()
    if (root := life.model.root(name)) is None:
        return
    word, purpose = life.one_of(WORDS), ""
    if word in ("grant", "withdraw"):
        purpose = "marketing"
    elif word in ("object", "allow"):
        purpose = life.one_of(PURPOSES)
    match word:
        case "grant":
            grant(life.store, name, purpose)
        case "withdraw":
            withdraw(life.store, name, purpose)
        case "object":
            object_to(life.store, name, purpose)
        case "restrict":
            restrict(life.store, name, "unlawful")
        case "lift":
            lift(life.store, name)
        case _ if life.model.word(root, purpose) == "object":
            take_back_objection(life.store, name, purpose)
        case _:
            return
    life.model.say(root, word, purpose)


def hold(life: Life) -> None:
    name = life.anybody()
    if life.model.root(name) is not None:
        classes = life.one_of([[], ["commerce"], ["behaviour", "content"]])
        until = life.model.now + life.one_of([1, 6]) * MONTH
        made = set_hold(life.store, name, ground="legal_claims", until=until, classes=classes)
        life.model.memory.holds[made] = Hold(life.model.root(name), frozenset(classes), until)


def let_go(life: Life) -> None:
    if life.model.memory.holds:
        made = life.one_of(sorted(life.model.memory.holds))
        release(life.store, made)
        complete_held(life.store)
        del life.model.memory.holds[made]
        life.model.complete()


def forget(life: Life) -> None:
    name = life.anybody()
    if (root := life.model.root(name)) is not None:
        assert erase(life.store, name).status == ("held" if life.model.erase(root) else "completed")


def wait(life: Life) -> None:
    months = life.one_of([1, 2, 4])
    if life.months + months <= LONGEST:
        life.months += months
        life.model.now += months * MONTH


def keep(life: Life) -> None:
    assert {one.status for one in apply(life.store)} <= {"completed"}
    life.model.retain()


def replay(life: Life) -> None:
    rebuild(life.store, check=False)


def renew(life: Life) -> None:
    """A key that everything hangs on is replaced."""
    which = life.one_of(["generation", "index", "marks"])
    if which == "generation":
        assert rotate(life.store).status == "completed"
        life.model.copy = None  # nothing opens it any more
    elif which == "index":
        rotate_index(life.store)
    else:
        rotate_marks(life.store)


def save(life: Life) -> None:
    life.backups += 1
    back_up(life.settings, life.store, life.place / f"backup{life.backups}", keyring=True)
    life.model.back_up()


def lose(life: Life) -> None:
    """The databases are lost, and brought back as they were at the last backup."""
    if life.model.copy is None:
        return
    life.desks.clear()
    if life.settings.is_server:
        with psycopg.connect(life.settings.store, autocommit=True) as server:
            for schema in ("log", "keyring", "projections"):
                server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    else:
        shutil.rmtree(life.settings.store)
    assert restore(life.settings, life.place / f"backup{life.backups}").status == "completed"
    life.model.restore()
    life.open()


WORDS = ("grant", "withdraw", "object", "object", "allow", "restrict", "lift")
STEPS = (
    *[hear] * 8, hear_again, register, join, join, separate, separate, speak, speak, speak, hold, hold, let_go,
    forget, forget, wait, wait, keep, replay, renew, save, lose,
)  # fmt: skip


@pytest.mark.slow
def test_whatever_happens_in_whatever_order_the_store_answers_as_the_model_does(blank: Blank, tmp_path: Path) -> None:
    """L4, L5, L6 and G1, G3, G5, G6, I6, I7, I8, R5, R6, R8, R10, K1 over their interleavings."""

    @settings(max_examples=blank.examples(15, 2), deadline=None, suppress_health_check=slow_to_draw)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        with blank.settings() as own, blank.settings() as fresh, TemporaryDirectory(dir=tmp_path) as place:
            for one in (own, fresh):
                publish_policy(one, open_store(one), POLICY)
            life = Life(own, Path(place), data.draw)
            life.settings = replace(own, clock=lambda: life.model.now)
            life.open()
            for _ in range(data.draw(st.integers(10, 30))):
                life.step()
                life.check()
            life.check_whole(fresh)

    holds()
