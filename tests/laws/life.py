"""A store beside the oracle that says what it must answer, and how the two are compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.calls import Call
from domain.clock import DAY
from domain.errors import NoBasis, NotFound
from domain.events import CONSENTED, IDENTIFY, OBJECTED, RESTRICTED
from governance.access import Reader
from governance.audit import verify_live
from governance.blind import follow
from governance.cleaning import ALIAS
from governance.door import recorder
from governance.facts import Fact, record
from governance.intake import Recorder
from governance.keyring import EVIDENCE
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.retention import apply
from governance.store import Store
from governance.subjects import find
from tests.conftest import NOW, call
from tests.laws.memory import MONTHS
from tests.laws.oracle import Oracle
from tests.laws.reading import digests

USERS = [f"user_id:{number}" for number in range(2)]
DEVICES = [f"anonymous_id:{number}" for number in range(2)]
NAMES = [*USERS, *DEVICES]
PURPOSES = ("personalization", "analytics", "marketing")
READ_FOR = ("service", "personalization", "marketing")
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

    def befall(self, what: "Callable[[Life], None]") -> None:
        """A moment later, at the other opening."""
        self.model.now += TICK
        self.desks.reverse()
        what(self)

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

    def check(self, *purposes: str) -> None:
        """Profiles, their bases, and every key, are what the oracle says."""
        catch_up_to_head(self.store)
        reader = Reader(self.store, "tester")
        for purpose in purposes:
            for name, found in zip(NAMES, reader.read_many(NAMES, purpose), strict=True):
                root = self.model.memory.root(name)
                if root is None:
                    assert isinstance(found, NotFound), name
                elif not self.model.memory.may(root, purpose):
                    assert isinstance(found, NoBasis), name
                else:
                    assert isinstance(found, dict), (name, found)
                    assert found["activity"]["by_type"] == self.model.memory.counts(root), name
        with self.store.keyring.database.reading() as rows:
            keys = rows.keys_of(self.subjects.values(), taken=True)
            free = {row.key_id for row in rows.keys_of(self.subjects.values())}
        souls = {subject: number for number, subject in self.subjects.items()}
        there = {(souls[row.subject], row.klass, row.epoch, row.key_id in free) for row in keys if row.klass in MONTHS}
        assert there == {
            (number, klass, month, soul.erasure is None)
            for number, soul in self.model.memory.souls.items()
            for klass, month in soul.keys
        } | {
            (number, klass, month, False)
            for number, soul in self.model.memory.souls.items()
            for (klass, month), _ in soul.shut
        }

    def check_whole(self, fresh: Settings) -> None:
        """The log is sound, a replay gives what serves, and all is as if only what is left had ever been told."""
        apply(self.store)
        self.model.retain()
        self.check(*READ_FOR)
        assert verify_live(self.store).findings == []
        assert rebuild(self.store, check=True).differences == []
        assert digests(self.store) == digests(self.retold(fresh))

    def retold(self, fresh: Settings) -> Store:
        """A store that only ever met who is there, and heard what is left."""
        now, model = NOW, self.model
        store = open_store(replace(fresh, clock=lambda: now))
        roots = {root: model.memory.first_name(root) for root in model.memory.roots()}
        desk = recorder(store, source="test")
        for name in roots.values():
            desk.record([call(1, name, kind=ALIAS, name="", previous=name)])
            record(store, [Fact(find(store, name), EVIDENCE, CONSENTED, {"purpose": "marketing"})])
        told = [(said, name) for root, name in roots.items() for said in model.memory.events(root)]
        for said, name in sorted(told, key=lambda one: one[0].recorded):
            now = said.recorded
            assert desk.record([as_call([name], said.name, said.message, said.at)]).accepted == 1
        now = model.now
        for root, name in roots.items():
            words = [(OBJECTED, one) for one in PURPOSES[:2] if model.memory.word(root, one) == "object"]
            words += [(RESTRICTED, "")] if model.memory.is_restricted(root) else []
            record(store, [Fact(find(store, name), EVIDENCE, word, {"purpose": one}) for word, one in words])
        catch_up_to_head(store)
        return store


def as_call(names: list[str], name: str, message: str, at: int, **more: Any) -> Call:
    """What it says follows from its message."""
    kind = {"kind": IDENTIFY, "name": ""} if name == "Traits" else {"name": name}
    said = {"product_id": message[-1], "category": "abc"[len(message) % 3], "revenue": len(message)}
    return call(1, *names, message_id=message, timestamp=at, properties=said, **kind, **more)
