"""Random histories as sources send them: late, out of order, twice, from shared devices, with merges."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

from domain.calls import Call
from domain.clock import DAY
from domain.events import IDENTIFY, PAGE, TRACK
from governance.cleaning import ALIAS
from governance.door import recorder
from governance.intake import Recorder
from governance.receipt import Receipt
from governance.store import Store
from tests.conftest import NOW

SOURCES = ("web", "shop")


class Heard(NamedTuple):
    """A call, and the source that sent it."""

    call: Call
    source: str


class Pool(NamedTuple):
    """Identifiers that occur in calls together."""

    known: Sequence[str]
    anonymous: Sequence[str]
    weak: Sequence[str]

    @property
    def all(self) -> list[str]:
        return [*self.known, *self.anonymous, *self.weak]


def household(number: int) -> Pool:
    """One known person with a few devices: nobody else ever uses its identifiers."""
    devices = [f"anonymous_id:{number}{letter}" for letter in "abc"]
    return Pool([f"user_id:{number}"], devices, [f"email:{number}@example.org"])


CROWD = Pool(
    [f"user_id:{number}" for number in range(4)],
    [f"anonymous_id:{number}" for number in range(4)],
    ["email:family@example.org", "email:office@example.org"],
)
"""Shared devices and addresses: who a call is about depends on what came before."""


@st.composite
def histories(draw: st.DrawFn, *pools: Pool, most: int = 25, first: int = 0) -> list[Heard]:
    """Calls in the order in which they arrive; some arrive twice."""
    heard: list[Heard] = []
    for number in range(first, first + draw(st.integers(1, most))):
        if heard and draw(st.integers(0, 7)) == 0:
            heard.append(draw(st.sampled_from(heard)))
        else:
            call = draw(calls(number, draw(st.sampled_from(pools))))
            heard.append(Heard(call, draw(st.sampled_from(SOURCES))))
    return heard


@st.composite
def calls(draw: st.DrawFn, number: int, pool: Pool) -> Call:
    """Received up to two months after it happened, within the last 400 days."""
    at = NOW - draw(st.integers(0, 400)) * DAY - draw(st.integers(1, DAY))
    received = min(NOW, at + draw(st.sampled_from([0, 0, 1, 60])) * DAY)
    common: dict[str, Any] = {"record": number + 1, "message_id": f"m{number}", "timestamp": at, "recorded": received}
    match draw(st.sampled_from(["view", "view", "buy", "refund", "page", "other", "identify", "identify", "alias"])):
        case "alias":
            known, other = draw(st.sampled_from(pool.known)), draw(st.sampled_from([*pool.known, *pool.anonymous]))
            return Call(kind=ALIAS, identifiers=[known], previous=other, **common)
        case "identify":
            traits = draw(st.dictionaries(st.sampled_from(["city", "plan"]), st.sampled_from(["Oslo", "Bergen", 3])))
            return Call(kind=IDENTIFY, identifiers=draw(together(pool)), properties=traits, **common)
        case "page":
            return Call(kind=PAGE, name="home", identifiers=draw(names(pool)), **common)
        case what:
            name = {"view": "Product Viewed", "buy": "Order Completed", "refund": "Order Refunded"}.get(what, "Else")
            said = {"product_id": draw(st.sampled_from("pqr")), "category": draw(st.sampled_from("abcd"))}
            paid = {"revenue": draw(st.integers(1, 900)), "currency": draw(st.sampled_from(["USD", "EUR"]))}
            return Call(kind=TRACK, name=name, identifiers=draw(names(pool)), properties={**said, **paid}, **common)


def names(pool: Pool) -> st.SearchStrategy[list[str]]:
    """Whom a call names: a known person, a device, or several of one pool."""
    alone = st.sampled_from([*pool.known, *pool.anonymous]).map(lambda name: [name])
    return st.one_of(alone, together(pool))


def together(pool: Pool) -> st.SearchStrategy[list[str]]:
    """A known person with a device, and sometimes an address, strongest first."""
    weak = st.lists(st.sampled_from(pool.weak), max_size=1)
    pairs = st.tuples(st.sampled_from(pool.known), weak, st.sampled_from(pool.anonymous))
    return pairs.map(lambda some: [some[0], *some[1], some[2]])


@st.composite
def splits(draw: st.DrawFn, history: Sequence[Heard]) -> list[list[Heard]]:
    """The history cut into appends."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(history) - 1)))))
    ends = [0, *cuts, len(history)]
    return [list(history[start:end]) for start, end in pairwise(ends) if start < end]


class Desk:
    """Records for one process: a recorder for each source, whose caches stay warm."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recorders: dict[str, Recorder] = {}

    def take_in(self, heard: Sequence[Heard]) -> Receipt:
        """Runs of one source are appended together."""
        receipt = Receipt()
        run: list[Call] = []
        for place, one in enumerate(heard):
            run.append(one.call)
            if place + 1 == len(heard) or heard[place + 1].source != one.source:
                receipt.add(self._recorder(one.source).record(run))
                run = []
        return receipt

    def _recorder(self, source: str) -> Recorder:
        if source not in self._recorders:
            self._recorders[source] = recorder(self._store, source=source, backfill=True)
        return self._recorders[source]


def without_ids(document: dict[str, Any]) -> dict[str, Any]:
    """A profile document less what is random or says where on the log it comes from."""
    kept = {key: value for key, value in document.items() if key not in ("subject", "position")}
    scores = {
        name: {key: value for key, value in score.items() if key not in ("model_id", "trained_through")}
        for name, score in document.get("scores", {}).items()
    }
    return {**kept, "scores": scores}
