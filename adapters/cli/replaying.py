"""Commands for auditors that fold the log again, or leave something to compare with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.session import Session, command, text_of
from domain.errors import BadInput

if TYPE_CHECKING:
    from governance.moments import Point
    from governance.replaying import Replayed
    from governance.store import Store


def register(audit: typer.Typer) -> None:
    """Add these commands to `audit`."""
    command(audit, "replay")(replay)
    command(audit, "attest")(attest)


def replay(
    session: Session,
    as_of: Annotated[
        str | None, typer.Option(help="A position, a file that holds a signed tree head, or a time in RFC 3339.")
    ] = None,
) -> None:
    """Fold the log up to a point, minus what was erased since; compare with what was attested; exit 15 if it differs.

    Without --as-of, up to now. Everything stays in memory: it may be interrupted, and changes nothing.
    """
    from adapters.cli.ingesting import bar
    from governance.replaying import replay_as_of

    store = session.store()
    point = _point(store, as_of)
    with bar("replay", point.position + 1) as advance:
        found = replay_as_of(store, point, progress=lambda at, _: advance(at + 1))
    session.show(_document(found), _text(found))
    if found.exit_status:
        raise typer.Exit(found.exit_status)


def attest(session: Session) -> None:
    """Put keyed digests of every statistic and of all projections on the log, for a later replay to compare with."""
    from governance.attesting import attest as put

    made = put(session.store())
    told = [{"position": one.entry.position, "name": one.act.name, "through": one.act.through} for one in made]
    session.show(told, "\n".join(f"{one['name']} through {one['through']} at {one['position']}" for one in told))


def _point(store: "Store", as_of: str | None) -> "Point":
    from domain.clock import parse_rfc3339
    from governance.moments import at_position, at_time, at_tree_head

    if as_of is None:
        return at_position(store, store.log.head().size - 1)
    if as_of.isdecimal() and as_of.isascii():
        return at_position(store, int(as_of))
    try:
        time = parse_rfc3339(as_of)
    except ValueError:
        if not Path(as_of).is_file():
            raise BadInput("command", "--as-of", "a position, a file with a tree head, or a time in RFC 3339") from None
        return at_tree_head(store, text_of(Path(as_of)))
    return at_time(store, time)


def _document(found: "Replayed") -> dict[str, Any]:
    return {
        "as_of": found.as_of,
        "position": found.position,
        "size": found.position + 1,
        "root": found.root,
        "day": found.day,
        "policy_version": found.policy_version,
        "subjects": found.subjects,
        "statistics": found.statistics,
        "models": found.models,
        "withheld": found.withheld,
        "attested": found.attested,
        "findings": [one._asdict() for one in found.findings],
        "exit": found.exit_status,
    }


def _text(found: "Replayed") -> str:
    withheld = ", ".join(f"{count} {cause}" for cause, count in found.withheld.items() if count) or "none"
    lines = [
        f"as of position {found.position} ({found.day}), root {found.root}",
        f"policy version {found.policy_version}, {found.subjects} subjects",
        *(f"statistic {one['name']}: {one['digest']}, {one['subjects']} subjects" for one in found.statistics),
        *(f"model {one['model_id']}: {one['scorer']}, through {one['trained_through']}" for one in found.models),
        f"withheld entries: {withheld}",
        *(f"attested {one['name']} at {one['position']}: {one['verdict']}" for one in found.attested),
        *(f"{one.name} at {one.position}: {one.where}: {one.reason}" for one in found.findings),
    ]
    return "\n".join(lines)
