"""One household of the demonstration: shown, shown as it was, erased, and looked for again."""

import json
from typing import Any

from adapters.cli.demo_telling import Tour
from adapters.cli.ingesting import ingest_file
from domain.clock import parse_rfc3339
from domain.errors import NotFound

BEFORE = "2017-06-30T00:00:00Z"
PURPOSE = "personalization"


def show_profile(tour: Tour) -> None:
    """What the store answers today."""
    with tour.tell.step(
        "profile", f"{tour.who} for {PURPOSE}, its score with reasons; the disclosure is recorded"
    ) as step:
        document = _read(tour, None)
        assert document is not None
        step.figures = document
        tour.tell.facts(_shown(document))


def show_past(tour: Tour) -> None:
    """What it would have answered then, from the same log."""
    with tour.tell.step("as of", f"The same household as it was on {BEFORE[:10]}") as step:
        document = _read(tour, BEFORE)
        step.figures = document or {}
        tour.tell.facts(_shown(document) if document else {"then": "not known yet"})


def forget(tour: Tour) -> bool:
    """Erase with a certificate, checked as its holder would; False while some sink has not answered."""
    from governance.certificate import certificate
    from governance.certificate_check import verify_text
    from governance.erasure import erase

    with tour.tell.step("erase", "Erased: keys destroyed, bodies purged, statistics and model without it") as step:
        outcome = erase(tour.store, tour.who)
        step.figures = {"status": outcome.status, "keys": outcome.keys_destroyed, "bodies": outcome.bodies_purged}
        residue = len(outcome.residue.hits) if outcome.residue else "not scanned"
        shown = {**step.figures, "models retired": len(outcome.models_retired), "traces found": residue}
        if outcome.status == "completed":
            file = tour.place / "certificate.json"
            file.write_text(json.dumps(certificate(tour.store, bytes.fromhex(outcome.case)), ensure_ascii=False))
            positions = verify_text(file.read_text(), tour.store.vkey).positions
            step.figures["certificate"] = {"bytes": file.stat().st_size, "positions": positions}
            shown["certificate"] = f"valid under the pinned key: the act is in the log at {positions}"
        tour.tell.facts(shown)
    return outcome.status == "completed"


def look_again(tour: Tour) -> int:
    """1 when anything of the household can be seen, or came back with a late event."""
    late = {"type": "track", "userId": tour.data.middle, "event": "Order Completed", "messageId": "late-1"}
    with tour.tell.step("gone", "It is not found, and what still arrives is counted and not stored") as step:
        document, size = _read(tour, None), tour.store.log.head().size
        file = tour.place / "late.jsonl"
        file.write_text(json.dumps(late) + "\n")
        receipt = ingest_file(tour.store, str(file))
        grown = tour.store.log.head().size - size
        step.figures = {"found": document is not None, "suppressed": receipt.suppressed, "entries_stored": grown}
        tour.tell.facts(
            {
                "profile": "there" if document else "not found",
                "late event": f"{receipt.suppressed} suppressed, {grown} stored",
            }
        )
    return int(document is not None or grown > 0)


def _read(tour: Tour, time: str | None) -> dict[str, Any] | None:
    from governance.access import AsOf, Reader

    as_of = None if time is None else AsOf(time=parse_rfc3339(time))
    try:
        return Reader(tour.store, "demo").read(tour.who, PURPOSE, as_of)
    except NotFound:
        return None


def _shown(document: dict[str, Any]) -> dict[str, object]:
    activity, score = document["activity"], document["scores"]["next_purchase_30d"]
    reasons = ", ".join(f"{name} {weight:+.2f}" for name, weight in score["reasons"][:3])
    return {
        "events": f"{activity['events']:,}, the last on {(activity['last_at'] or 'no day')[:10]}",
        "spend": ", ".join(f"{amount} in {days}" for days, amount in activity["spend"].items()),
        "segment": activity["segment"]["name"],
        "interests": ", ".join(document["interests"]["tags"][:3]) or "none yet",
        "score": f"{score['value']:.2f} ({score['low']:.2f} to {score['high']:.2f}, {score['basis']})",
        "because": reasons,
    }
