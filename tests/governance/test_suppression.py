"""Suppression: who is kept out, under which secret, until when; and what a list of hashed addresses says."""

import base64
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.calls import Call
from domain.clock import parse_rfc3339
from domain.errors import BadInput, NotFound, Unavailable
from domain.events import IDENTIFY
from governance import suppression
from governance.audit import verify_live
from governance.erasure import erase, recover
from governance.listed import normal_forms, parsed
from governance.policy import default_text
from governance.store import Store
from governance.subjects import find
from tests.conftest import call, make_store, take_in

ANN, MAIL = "user_id:ann", "email:ann@example.org"


def policy(**settings: object) -> str:
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in settings.items()]
    return default_text() + "\n[suppression]\n" + "\n".join(lines) + "\n"


def at(store: Store, moment: str) -> Store:
    """The same store, its clock standing elsewhere."""
    return replace(store, clock=lambda: parse_rfc3339(moment))


def knows_ann(settings: Settings, **more: object) -> Store:
    store = make_store(settings, policy=policy(**more))
    take_in(store, call(1, ANN, MAIL), call(2, "user_id:ben"))
    return store


def test_a_mark_keeps_its_person_out_until_it_ends_and_is_forgotten_then(settings: Settings) -> None:
    """I3, I10, R8: marks are keyed, and end; whoever has the identifier afterwards is somebody new."""
    store = knows_ann(settings, months=2)
    erase(store, ANN)
    assert suppression.status(store)["next_end"] == "2027-02-01T00:00:00Z"  # the month of the erasure and two more
    last, over = at(store, "2027-01-31T23:59:59Z"), at(store, "2027-02-01T00:00:00Z")

    assert take_in(last, call(3, ANN)).suppressed == 1
    assert (suppression.sweep(last), suppression.status(over)["ended"]) == (0, 2)
    assert take_in(over, call(4, MAIL)).accepted == 1  # ended, though not yet swept
    assert suppression.sweep(over) == 2

    assert (suppression.status(over)["marks"], list(store.mirror.marks())) == (0, [])
    assert take_in(over, call(5, ANN)).accepted == 1
    assert verify_live(over).findings == []
    recover(over)
    assert suppression.status(over)["marks"] == 0  # the mirror brings none of them back


def test_marks_of_an_older_secret_work_until_the_last_of_them_ended(settings: Settings) -> None:
    """I3: a secret is replaced, and gone once nothing needs it."""
    store = knows_ann(settings, months=1)
    other = open_store(settings)  # a process that began before the rotation
    erase(store, ANN)

    assert suppression.rotate(store) == 2
    assert take_in(other, call(3, ANN), call(4, MAIL)).suppressed == 2
    later = at(other, "2026-12-10T00:00:00Z")
    erase(later, "user_id:ben")  # by the process that had the old secret

    for door in (store, other, open_store(settings)):
        assert take_in(door, call(5, ANN), call(6, "user_id:ben")).suppressed == 2
    assert suppression.status(store)["by_serial"] == {"1": 2, "2": 1}
    january = at(store, "2027-01-01T00:00:00Z")
    assert suppression.sweep(january) == 2
    with store.keyring.database.reading() as rows:
        assert [row.serial for row in rows.secrets("suppression")] == [2]
    renewed = take_in(at(open_store(settings), "2027-01-01T00:00:00Z"), call(7, ANN), call(8, "user_id:ben"))
    assert (renewed.accepted, renewed.suppressed) == (1, 1)


def test_nothing_is_taken_in_while_marks_are_missing(sqlite_settings: Settings, tmp_path: Path) -> None:
    """I4: a keyring restored from before an erasure suppresses nobody; until it does again the door is shut."""
    store = knows_ann(sqlite_settings, months=6)
    directory = Path(sqlite_settings.store)
    store.storage.overwrite(wait_seconds=5)
    shutil.copy(directory / "keyring.db", tmp_path / "older.db")
    erase(store, ANN)
    ends = suppression.status(store)["next_end"]
    store.storage.overwrite(wait_seconds=5)
    for name in ("keyring.db-wal", "keyring.db-shm"):
        (directory / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", directory / "keyring.db")
    restored = open_store(sqlite_settings)
    size = restored.log.head().size

    with pytest.raises(Unavailable, match="suppression"):
        take_in(restored, call(3, ANN))

    assert restored.log.head().size == size
    recover(restored)
    assert take_in(restored, call(3, ANN)).suppressed == 1
    assert suppression.status(restored)["next_end"] == ends  # the mirror knew when they end
    with pytest.raises(NotFound):
        find(restored, ANN)


DROP = {  # California's Delete Act, the platform's published examples
    ("phone", "+1(415)555-9317"): "vGM7y5n+hBXRSEAklhHDPCbysyNgYTmXdMcagGUOY8E=",
    ("phone", "+84(90)123 4567"): "ptzVkgbv9DonwvPCHmXmJ2SEOaolSh37z3ZzY/Gmm+U=",
    ("email", " Alice@Co.COM "): base64.b64encode(sha256(b"alice@co.com").digest()).decode(),
}


def test_addresses_and_numbers_are_normalised_as_lists_hash_them() -> None:
    for (kind, value), hashed in DROP.items():
        hashes = [base64.b64encode(sha256(form.encode()).digest()).decode() for form in normal_forms(kind, value)]
        assert hashed in hashes
    assert normal_forms("email", "A.Lice+tag@Co.com") == ["a.lice+tag@co.com"]  # dots and tags stay
    assert normal_forms("phone", "040 123 45 67", "46")[0] == "+46401234567"
    assert normal_forms("phone", "06 1234 5678", "39")[0] == "+390612345678"  # Italy keeps its zero
    assert normal_forms("phone", "1 (415) 555-9317", "1")[0] == normal_forms("phone", "0014155559317")[0]
    assert normal_forms("phone", "415-555-9317") == ["4155559317"]  # of no known country
    assert [normal_forms(*one) for one in (("phone", "12 34"), ("phone", "1" * 16), ("email", "nobody"))] == [
        [],
        [],
        [],
    ]
    digest = sha256(b"x").digest()
    lines = [digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode(), "d41d8cd9", ""]
    assert parsed(lines, kind="email", hashed=True) == ([digest], 2)


def test_whom_a_list_names_is_not_begun_and_who_is_here_is_named(settings: Settings) -> None:
    """I2, I3: of a hashed list the store keeps keyed marks alone; an address that it names opens no new account."""
    store = make_store(settings, policy=policy(country_code="1"))
    take_in(store, identify(1, "user_id:old", phone="+1 415 555 9317"), identify(2, "user_id:cleo", email="c@co.com"))
    people = [hashed for (kind, _), hashed in DROP.items() if kind == "phone"]

    phones = suppression.import_list(store, people, kind="phone", hashed=True)
    mails = suppression.import_list(store, ["Alice@co.com ", "nobody"], kind="email", hashed=False)
    size = store.log.head().size

    assert (phones.read, phones.added, phones.refused, phones.known) == (2, 2, 0, ["phone:+1 415 555 9317"])
    assert (mails.added, mails.refused, mails.known) == (1, 1, [])
    late = [
        identify(3, "user_id:new", email="ALICE@co.com"),
        identify(4, "anonymous_id:tablet", phone="0084 90 123 4567"),
        call(5, "email:alice@co.com"),
    ]
    assert take_in(store, *late).suppressed == 3
    assert store.log.head().size == size
    assert (
        take_in(store, identify(6, "user_id:cleo", email="alice@co.com", city="Oslo")).accepted == 1
    )  # hers is dropped
    assert take_in(store, call(7, "user_id:old")).accepted == 1  # until the officer erases them
    again = identify(8, "user_id:new", email="alice@co.com", context={"registration": "new"})
    assert take_in(store, again, call(9, "email:alice@co.com")).accepted == 2  # who asks for it begins anew
    with store.keyring.database.reading() as rows:
        marks = {mark for mark, _ in rows.all_marks(after=b"", limit=10)}
    digests = [*map(base64.b64decode, DROP.values())]
    assert not marks & {digest[:16] for digest in digests}
    assert len(marks) == len(store.mirror.marks()) == 3

    assert suppression.take_off(store, people[1:], kind="phone", hashed=True) == 1
    assert take_in(store, call(10, "phone:+84901234567")).accepted == 1
    with pytest.raises(BadInput):
        suppression.import_list(store, [], kind="name", hashed=True)


def test_a_client_is_answered_alike_whether_suppressed_or_not(store: Store) -> None:
    """I5: neither the counts for a client nor what is stored tell who is on the list; the officer sees numbers."""
    take_in(store, call(1, ANN))
    erase(store, ANN)

    suppressed, duplicate = take_in(store, call(2, ANN)), take_in(store, call(3, "user_id:ben"))
    duplicate = take_in(store, call(3, "user_id:ben"))
    accepted = take_in(store, call(4, "user_id:ben"))

    assert (suppressed.suppressed, duplicate.duplicates, accepted.accepted) == (1, 1, 1)
    assert suppressed.for_client() == duplicate.for_client() == accepted.for_client()
    assert suppression.status(store)["suppressed"] == 1


def identify(record: int, name: str, context: dict[str, str] | None = None, **traits: str) -> Call:
    return call(record, name, kind=IDENTIFY, name="", properties=dict(traits), context=context or {})
