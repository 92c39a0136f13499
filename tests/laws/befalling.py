"""What may befall a store, and its oracle with it."""

import shutil

import psycopg

from adapters.operating import back_up, restore
from domain.clock import DAY
from governance.cleaning import ALIAS
from governance.consenting import How, grant, lift, object_to, restrict, take_back_objection, withdraw
from governance.erasure import complete_held, erase
from governance.holds import release, set_hold
from governance.projecting import rebuild
from governance.pseudonyms import rotate_index
from governance.retention import apply
from governance.rotation import rotate
from governance.suppression import rotate as rotate_marks
from governance.unmerging import unmerge
from tests.conftest import call
from tests.laws.life import DEVICES, LONGEST, MONTH, NAMES, PURPOSES, USERS, Life
from tests.laws.memory import CLASS, Hold


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
    if merged := life.model.memory.merged_names():
        apart = life.one_of(merged)
        unmerge(life.store, apart, apart=apart)
        life.model.unmerge(apart)


def speak(life: Life) -> None:
    """A word on a purpose, or on all."""
    name = life.anybody()
    if (root := life.model.memory.root(name)) is None:
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
            restrict(life.store, name, "accuracy_contested")
        case "claim":
            restrict(life.store, name, "legal_claims")
        case "lift" if life.model.memory.is_restricted(root):
            lift(life.store, name, How(evidence="letter"))
        case _ if life.model.memory.word(root, purpose) == "object":
            take_back_objection(life.store, name, purpose)
        case _:
            return
    life.model.say(root, word, purpose)


def hold(life: Life) -> None:
    name = life.anybody()
    if (root := life.model.memory.root(name)) is not None:
        classes = life.one_of([[], ["commerce"], ["behaviour", "content"]])
        until = life.model.now + life.one_of([1, 6]) * MONTH
        made = set_hold(life.store, name, ground="legal_claims", until=until, classes=classes)
        life.model.hold(made, Hold(root, frozenset(classes), until))


def let_go(life: Life) -> None:
    if life.model.memory.holds:
        made = life.one_of(sorted(life.model.memory.holds))
        release(life.store, made)
        complete_held(life.store)
        life.model.release(made)


def forget(life: Life) -> None:
    name = life.anybody()
    if (root := life.model.memory.root(name)) is not None:
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
    """The databases are lost, perhaps again and again, and brought back as they were at the last backup."""
    if life.model.copy is not None:
        for _ in range(life.one_of([1, 1, 3])):
            lose_once(life)


def lose_once(life: Life) -> None:
    life.desks.clear()
    if life.settings.is_server:
        with psycopg.connect(life.settings.store, autocommit=True) as server:
            for schema in ("log", "keyring", "projections"):
                server.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    else:
        shutil.rmtree(life.settings.store)
    found = restore(life.settings, life.place / f"backup{life.backups}")
    assert found.status == ("completed" if life.model.restore() else "partial"), found
    life.open()


WORDS = ("grant", "withdraw", "object", "object", "allow", "restrict", "claim", "lift", "lift")
STEPS = (
    *[hear] * 7, hear_again, register, join, join, separate, *[speak] * 4, *[hold] * 3, let_go, *[forget] * 3,
    *[wait] * 3, *[keep] * 3, replay, renew, save, lose,
)  # fmt: skip
