"""What a store answers, in the forms in which two stores can be compared."""

from typing import Any

from domain.errors import NotFound
from governance.access import Reader
from governance.models import statistics_of
from governance.projecting import serving
from governance.store import Store
from projections.scorers.model import Model, decode
from tests.laws.histories import without_ids

Answers = dict[str, dict[str, Any] | None]


def live(store: Store) -> tuple[dict[bytes, bytes], dict[str, bytes]]:
    """Every state that serves, and what is shared, opened."""
    states = serving(store)
    read, rows, after = states.scan(), dict[bytes, bytes](), b""
    while some := read(after):
        rows.update(some)
        after = some[-1][0]
    return rows, states.shared()


def documents(store: Store, identifiers: list[str], purpose: str = "personalization") -> Answers:
    """Each person's profile as a service sees it; None for who is not there."""
    found = Reader(store, "tester").read_many(identifiers, purpose)
    return {
        name: None if isinstance(answer, NotFound) else without_ids(_must(answer))
        for name, answer in zip(identifiers, found, strict=True)
    }


def digests(store: Store) -> dict[str, tuple[str, int]]:
    """The digest of every statistic, and how many subjects it counts."""
    return {one["name"]: (one["digest"], one["subjects"]) for one in statistics_of(store)}


def models(store: Store) -> dict[str, Model]:
    """The models that score, by scorer."""
    return {name: decode(row) for name, row in serving(store).shared().items() if name.startswith("model/")}


def _must(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Exception):
        raise answer
    document: dict[str, Any] = answer
    return document
