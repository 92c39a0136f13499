"""`lethe demo`: the main job on real data, on a store of its own, from the first basket to oblivion."""

import os
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from adapters.cli.demo_data import FILES, baskets
from adapters.cli.demo_person import forget, look_again, show_past, show_profile
from adapters.cli.demo_telling import Telling, Tour
from adapters.cli.ingesting import bar, ingest_file
from adapters.cli.session import PARTIAL, Session
from domain.clock import parse_rfc3339

if TYPE_CHECKING:
    from governance.store import Store

TODAY = "2018-01-02T00:00:00Z"


def run(session: Session, households: int | None) -> None:
    """Raises Unavailable where the extra `demo` is not installed, or where a named store exists already."""
    tell = Telling(to_error=session.as_json)
    with TemporaryDirectory(prefix="lethe-demo-") as name:
        place = Path(name)
        settings = replace(session.settings, clock=lambda: parse_rfc3339(TODAY))
        if not session.is_store_named:
            settings = replace(settings, store=str(place / "store"), keys=f"file:{place / 'keys'}")
        data = baskets(place, households)
        tell.line(
            f"Complete Journey: what {data.households} households bought at a grocer's in 2017.\n"
            f"As the data is of 2017, the store's clock stands at {TODAY}.\n"
            f"Household {data.middle}, of median size, is the one to follow."
        )
        tour = Tour(_made(Session(settings, session.as_json), tell), data, place, tell)
        status = _tour(tour)
        tell.summary()
    tell.line("The store stays." if session.is_store_named else "The store was temporary; --store DIR keeps one.")
    steps = [step.document for step in tell.steps]
    if session.as_json:
        session.show(
            {"households": data.households, "household": data.middle, "clock": TODAY, "exit": status, "steps": steps}
        )
    if status:
        raise typer.Exit(status)


def _made(session: Session, tell: Telling) -> "Store":
    from adapters.wiring import initialise
    from governance.policy import default_text

    os.umask(0o077)
    with tell.step("init", "A store, its keys apart from it, and a log that signs what it holds") as step:
        store = initialise(session.settings, origin="lethe-demo", fold_key=None, policy=default_text())
        step.figures = {"vkey": store.vkey}
        tell.facts({"verifier key": store.vkey})
    return store


def _tour(tour: Tour) -> int:
    """Every step; returns the exit status of the worst finding."""
    accepted = _ingest(tour)
    _catch_up(tour, accepted)
    _train(tour)
    show_profile(tour)
    show_past(tour)
    erased = forget(tour)
    gone = look_again(tour)
    found = _audit(tour)
    differs = _rebuild(tour, accepted)
    _statistics(tour)
    return found or (0 if erased else PARTIAL) or gone or differs


def _ingest(tour: Tour) -> int:
    accepted = 0
    for name, why in FILES.items():
        with tour.tell.step(f"ingest {name}", why) as step:
            receipt = ingest_file(tour.store, tour.data.file(name), mapping=f"complete_journey_{name}", backfill=True)
            step.events, step.figures = receipt.accepted, asdict(receipt)
            tour.tell.facts({"records": receipt.read, "accepted": receipt.accepted, "rejected": receipt.rejected})
        accepted += receipt.accepted
    return accepted


def _catch_up(tour: Tour, accepted: int) -> None:
    from governance.projecting import catch_up_to_head

    with tour.tell.step("catch up", "Profiles and statistics folded from the log") as step:
        with bar("projections", tour.store.log.head().size) as advance:
            through = catch_up_to_head(tour.store, lambda done, _: advance(done))
        step.events, step.figures = accepted, {"through_position": through}
        tour.tell.facts({"log": f"{through + 1:,} entries"})


def _train(tour: Tour) -> None:
    from governance.models import models_of, train

    with tour.tell.step(
        "train", "A model of who buys again within 30 days, from statistics that subtract exactly"
    ) as step:
        train(tour.store, "requested")
        model = next(iter(models_of(tour.store)), None)
        if model is None:
            tour.tell.facts({"model": "none, as so few households say too little: scores keep to the prior"})
            return
        step.figures = model
        metrics = {name: round(value, 3) for name, value in model["metrics"].items()}
        tour.tell.facts({"scorer": model["scorer"], "rows": model["rows"], f"held out {model['held_out']}": metrics})


def _audit(tour: Tour) -> int:
    from governance.audit import verify_live

    with tour.tell.step("audit verify", "The log, its bodies, keys and signed tree head, checked whole") as step:
        with bar("audit", tour.store.log.head().size) as advance:
            report = verify_live(tour.store, progress=lambda at, _: advance(at))
        step.figures = {"entries": report.entries, "bodies": report.bodies, "findings": len(report.findings)}
        tour.tell.facts(step.figures)
    return report.exit_status


def _rebuild(tour: Tour, accepted: int) -> int:
    from governance.projecting import rebuild

    with tour.tell.step("rebuild --check", "The log replayed from its start gives what serves, bit for bit") as step:
        with bar("replay", tour.store.log.head().size) as advance:
            done = rebuild(tour.store, check=True, progress=lambda at, _: advance(at))
        step.events = accepted
        step.figures = {"entries": done.entries, "differences": len(done.differences)}
        tour.tell.facts(step.figures)
    return 15 if done.differences else 0


def _statistics(tour: Tour) -> None:
    from governance.models import statistics_of

    with tour.tell.step(
        "statistics", "What is known of all, by digests that a store without this household would have"
    ) as step:
        found = statistics_of(tour.store)
        step.figures = {one["name"]: one for one in found}
        tour.tell.facts({one["name"]: f"{one['subjects']:,} subjects, {one['digest'][:16]}…" for one in found})
