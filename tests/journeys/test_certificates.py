"""Certificates and receipts, as an officer and the person who asked have them in hands, on each database."""

import json
from base64 import b32decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import read_settings
from adapters.wiring import open_store
from governance.erasure import begin
from governance.subjects import find
from tests.journeys.conftest import Lethe, days, view

FUTURE = "2026-12-31T00:00:00Z"
WRONG = "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AA"


def asked(lethe: Lethe, identifier: str) -> tuple[str, str]:
    """A request for erasure that is approved, and the receipt that the person was given."""
    opened = lethe.json("request", "open", "erasure", identifier)
    lethe.json("request", "verify", opened["request"], "--method", "document")
    lethe.json("request", "approve", opened["request"])
    return opened["request"], opened["receipt"]


def certificate_of(lethe: Lethe, case: str) -> str:
    return lethe.file(f"{case}.json", lethe.json("certificate", "show", case))


def is_of(lethe: Lethe, file: str, vkey: str, receipt: str) -> bool:
    answer = lethe("certificate", "verify", file, "--key", vkey, "--receipt", receipt, "--json")
    assert answer.status == (0 if answer.document["receipt"] else 4)
    return bool(answer.document["receipt"])


def cases(lethe: Lethe, receipt: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lethe.json("certificate", "find", "--receipt", receipt)["cases"]
    return found


def test_a_receipt_leads_a_person_to_the_certificate_though_nothing_names_anybody(lethe: Lethe) -> None:
    vkey = lethe.json("init")["vkey"]
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    case, receipt = asked(lethe, "user_id:1")
    assert cases(lethe, receipt) == [{"request": case, "status": "approved", "positions": []}]
    lethe.json("request", "run", case)
    other = lethe.json("erase", "user_id:2", "--yes")

    file, others = certificate_of(lethe, case), certificate_of(lethe, other["request"])

    assert is_of(lethe, file, vkey, receipt)
    assert is_of(lethe, file, vkey, receipt.lower().replace("-", " "))
    assert is_of(lethe, others, vkey, other["receipt"])
    assert not is_of(lethe, file, vkey, other["receipt"])
    assert not is_of(lethe, others, vkey, receipt)
    [found] = cases(lethe, receipt)
    assert (found["request"], found["status"]) == (case, "completed")
    assert lethe("certificate", "find", "--receipt", WRONG).status == 4
    for no_receipt in ("", "AAAA", WRONG + "A", WRONG[:-1] + "B", WRONG.replace("A", "1")):
        assert lethe("certificate", "find", "--receipt", no_receipt).status == 2
        assert lethe("certificate", "verify", file, "--key", vkey, "--receipt", no_receipt).status == 2
    assert lethe.json("audit", "verify")["findings"] == []


def test_nothing_keeps_a_receipt_but_its_digest(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    opened = lethe.json("request", "open", "erasure", "user_id:1")
    erased = lethe.json("erase", "user_id:2", "--yes")
    assert opened["confirmation"].keys() == {"en", "zh"}

    receipts = [one["receipt"] for one in (opened, erased)]
    secrets = [b32decode(one.replace("-", "") + "======") for one in receipts]
    tokens = [*receipts, *(one.replace("-", "") for one in receipts), *(one.hex() for one in secrets)]
    scanned = lethe.json("residue", "scan", *(word for one in tokens for word in ("--canary", one)))
    kept = [lethe.environment["LETHE_KEYS"].removeprefix("file:"), lethe.environment["LETHE_STORE"]]
    files = [one for place in kept if Path(place).is_dir() for one in Path(place).rglob("*") if one.is_file()]

    assert (scanned["hits"], [len(one) for one in secrets]) == ([], [16, 16])
    assert not any(secret in one.read_bytes() for secret in secrets for one in files)
    assert sha256(secrets[1]).hexdigest() in erased["certificate"]["acts"][0]["entry"]


def test_an_erasure_says_its_receipt_before_anything_is_destroyed(shop: Lethe) -> None:
    answer = shop("erase", "user_id:1", "--yes", "--json")

    first = answer.err.splitlines()[0]
    assert answer.document["receipt"] in first
    assert answer.document["request"] in first
    assert answer.out.count(answer.document["receipt"]) == 1


def test_where_another_request_was_faster_the_receipt_leads_to_what_that_came_to(shop: Lethe) -> None:
    first, _ = asked(shop, "user_id:1")
    second, late = asked(shop, "user_id:1")
    shop.json("request", "run", first)
    shop.json("request", "run", second)

    [found] = cases(shop, late)
    assert (found["request"], found["status"], len(found["positions"])) == (first, "completed", 1)
    assert shop("certificate", "show", second).status == 4


def test_an_interrupted_erasure_keeps_the_digest_and_says_that_the_receipt_is_lost(shop: Lethe) -> None:
    vkey = shop.json("audit", "head")["vkey"]
    case, receipt = asked(shop, "user_id:1")
    store = open_store(read_settings(shop.environment))
    begin(store, find(store, "user_id:1"), bytes.fromhex(case))  # and then it died
    assert cases(shop, receipt) == [{"request": case, "status": "begun", "positions": []}]

    erased = shop.json("erase", "user_id:1", "--yes")

    assert (erased["request"], erased["receipt"]) == (case, None)
    assert is_of(shop, certificate_of(shop, case), vkey, receipt)


def test_what_a_hold_kept_goes_later_under_the_same_receipt(shop: Lethe) -> None:
    vkey = shop.json("audit", "head")["vkey"]
    asked_for = ("--ground", "audit", "--until", FUTURE, "--class", "commerce")
    hold = shop.json("hold", "set", "user_id:1", *asked_for)["hold"]
    erased = shop("erase", "user_id:1", "--yes", "--json").document
    assert erased["status"] == "held"

    shop.json("hold", "release", hold)

    found = cases(shop, erased["receipt"])
    assert [one["status"] for one in found] == ["completed", "completed"]
    for one in found:
        assert is_of(shop, certificate_of(shop, one["request"]), vkey, erased["receipt"])


@pytest.mark.slow
def test_a_restored_log_carries_the_receipt_of_an_erasure_that_it_had_lost(shop: Lethe) -> None:
    vkey = shop.json("audit", "head")["vkey"]
    shop.json("backup", str(shop.place / "backup"), "--keyring")
    erased = shop.json("erase", "user_id:1", "--yes")
    lost = shop.without(LETHE_STORE=str(shop.place / "restored"))

    lost.json("restore", str(shop.place / "backup"))

    [found] = cases(lost, erased["receipt"])
    assert found["status"] == "completed"
    assert is_of(lost, certificate_of(lost, found["request"]), vkey, erased["receipt"])


def test_each_form_of_a_certificate_is_one_that_verify_takes(lethe: Lethe) -> None:
    vkey = lethe.json("init")["vkey"]
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    case = lethe.json("erase", "user_id:1", "--yes")["request"]
    lethe.json("keys", "rotate")

    for form in ("json", "dsse", "proof"):
        shown = lethe("certificate", "show", case, "--format", form)
        file = lethe.place / f"certificate.{form}"
        file.write_text(shown.out)
        told = lethe.json("certificate", "verify", str(file), "--key", vkey)
        assert told["case"] == case, form

    assert lethe("certificate", "show", case, "--format", "proof", "--act", "2").out.startswith(
        "c2sp.org/tlog-proof@v1"
    )
    assert lethe("certificate", "show", case, "--format", "proof", "--act", "3").status == 2
    assert lethe("certificate", "show", case, "--format", "pdf").status == 2
    assert lethe("certificate", "show", case, "--format", "html").out.startswith("<!doctype html>")


def test_retention_names_the_case_of_its_certificate(lethe: Lethe) -> None:
    then = lethe.without(LETHE_NOW="2024-01-20T00:00:00Z")
    vkey = then.json("init")["vkey"]
    then.json("ingest", then.file("old.jsonl", view("1", "a"), view("2", "b")))
    [applied] = lethe.json("retention", "apply")["removals"]

    file = certificate_of(lethe, applied["case"])

    told = lethe.json("certificate", "verify", file, "--key", vkey)
    assert (told["kind"], told["reach"], told["positions"]) == ("retention", "live", [applied["position"]])
    assert json.loads(Path(file).read_text())["period"] == {"class": "behaviour", "month": "2024-01"}
    page = str(lethe.place / "page.html")
    lethe.json("certificate", "html", file, "--key", vkey, "-o", page)
    assert "behaviour · 2024-01" in Path(page).read_text()
