"""Synthetic behaviour of 300 bytes an event: sessions of views, carts and orders, the same for the same seed."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit, urlunsplit

from adapters.settings import Settings
from adapters.wiring import initialise, open_store
from domain.calls import Call
from domain.clock import DAY, SECOND, parse_rfc3339
from domain.events import PAGE, TRACK
from governance.door import recorder
from governance.policy import default_text
from governance.receipt import Receipt
from governance.store import Store

START = parse_rfc3339("2026-01-01T00:00:00Z")
END = parse_rfc3339("2026-07-01T00:00:00Z")
KINDS = ("Product Viewed",) * 6 + ("Product Added",) * 2 + ("Order Completed", "page")
CATEGORIES = [f"category-{number:02d}" for number in range(40)]


def calls(events: int, subjects: int, *, seed: int = 1) -> Iterator[Call]:
    """Events in order of time over six months; each subject acts equally often, four events a session."""
    random = Random(seed)
    step = (END - START) // events
    for number in range(events):
        session = number // 4
        person = (session * 7919 + session // subjects) % subjects
        yield _call(number, person, START + number * step, random)


def _call(number: int, person: int, at: int, random: Random) -> Call:
    name = KINDS[random.randrange(10)]
    product = random.randrange(5000)
    properties = {
        "product_id": f"sku-{product:06d}",
        "category": CATEGORIES[product % 40],
        "price": round(random.random() * 100, 2),
        "quantity": 1 + product % 3,
        "currency": "USD",
        "url": f"https://shop.example/p/{product:06d}?ref=home",
        "referrer": "search",
        "device": ("phone", "tablet", "desktop")[product % 3],
    }
    return Call(
        record=number + 1,
        kind=PAGE if name == "page" else TRACK,
        name="" if name == "page" else name,
        identifiers=[f"user_id:{person:07d}"],
        message_id=f"{number:012d}-4f6c-8a1e",
        timestamp=at + random.randrange(SECOND),
        properties=properties,
    )


def make_store(settings: Settings, where: Path) -> Store:
    """A fresh store, its clock after the last event: in a directory, or a new database of the server."""
    address = new_database(settings.store) if settings.is_server else str(where / "store")
    chosen = replace(settings, store=address, keys=f"file:{where / 'keys'}", clock=lambda: END + DAY)
    initialise(chosen, origin="bench", fold_key=bytes(32), policy=default_text())
    where.mkdir(parents=True, exist_ok=True)
    (where / "address").write_text(address, encoding="utf-8")
    return open_store(chosen)


def new_database(server: str) -> str:
    """An empty database beside the one that the address names; it stays there."""
    import psycopg

    name = f"lethe_bench_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    parts = urlsplit(server)
    return urlunsplit(parts._replace(path=f"/{name}"))


def fill(store: Store, events: int, subjects: int, batch: int) -> list[Receipt]:
    """Record the workload in batches; one receipt a batch."""
    desk = recorder(store, source="bench", backfill=True)
    receipts, some = [], []
    for one in calls(events, subjects):
        some.append(one)
        if len(some) == batch:
            receipts.append(desk.record(some))
            some = []
    if some:
        receipts.append(desk.record(some))
    return receipts
