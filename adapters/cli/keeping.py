"""Commands of what is kept and what goes by itself: holds, retention, the rule that decides."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput

if TYPE_CHECKING:
    from governance.removing import Outcome

Identifier = Annotated[str, typer.Argument(metavar="ID", help="kind:value, such as user_id:42.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    hold = typer.Typer(help="Legal holds: what must not be destroyed, why, and until when.", rich_markup_mode=None)
    app.add_typer(hold, name="hold")
    command(hold, "set")(hold_set)
    command(hold, "release")(hold_release)
    command(hold, "list")(hold_list)
    command(hold, "show")(hold_show)
    retention = typer.Typer(help="What is due, and its end.", rich_markup_mode=None)
    app.add_typer(retention, name="retention")
    command(retention, "plan")(retention_plan)
    command(retention, "apply")(retention_apply)
    command(app, "explain")(explain)


def hold_set(
    session: Session,
    identifier: Identifier,
    ground: Annotated[str, typer.Option(help="Why: a code, such as legal_claims.")],
    until: Annotated[str, typer.Option(help="A time in RFC 3339: a hold has an end.")],
    classes: Annotated[list[str] | None, typer.Option("--class", help="Only this class; may be repeated.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Only what came in from this month on (YYYY-MM).")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Only what came in up to this month (YYYY-MM).")] = None,
) -> None:
    """Keep a person's data from erasure and retention; prints the hold's id."""
    from domain.clock import parse_rfc3339
    from governance.holds import set_hold

    try:
        end = parse_rfc3339(until)
    except ValueError as error:
        raise BadInput("command", "--until", "a time in RFC 3339, such as 2027-01-31T00:00:00Z") from error
    months = _month(first, "--from"), _month(last, "--to")
    hold = set_hold(
        session.store(), identifier, ground=ground, until=end, classes=classes or (), first=months[0], last=months[1]
    )
    session.show({"hold": hold.hex(), "status": "set"})


def hold_release(session: Session, hold: Annotated[str, typer.Argument(metavar="HOLD")]) -> None:
    """End a hold; what it alone kept of an erasure or a withdrawal goes at once. Exit 5 while a reader keeps pages."""
    from governance.holds import release
    from governance.retention import complete_holds
    from governance.roles import require

    store = session.store()
    require(store, "hold")
    release(store, _hold(hold))
    outcomes = complete_holds(store)
    completed = [_told(one) for one in outcomes]
    session.show({"hold": hold, "status": "released", "completed": completed, "models_retired": _retired(outcomes)})
    _exit_when_partial(outcomes)


def hold_list(session: Session) -> None:
    """Every hold that was set and not released."""
    from governance.holds import list_holds

    session.show(list_holds(session.store()))


def hold_show(
    session: Session,
    hold: Annotated[str, typer.Argument(metavar="HOLD")],
    reason: Annotated[str, typer.Option(help="Why it is opened: a code; the log keeps it.")],
) -> None:
    """The entries that a hold keeps, with their values."""
    from governance.held import show_held

    session.show(show_held(session.store(), _hold(hold), reason=reason))


def retention_plan(session: Session, months: Annotated[int, typer.Option(help="How far ahead to look.")] = 12) -> None:
    """What is due now, what comes due, and whose data has lost every purpose."""
    from governance.retention import plan

    session.show(plan(session.store(), months_ahead=months))


def retention_apply(
    session: Session, wait: Annotated[float, typer.Option(help="Seconds to wait for readers of old pages.")] = 10.0
) -> None:
    """Destroy what is due; exit 5 while a reader keeps old pages."""
    from governance.retention import apply

    store = session.store()
    outcomes = apply(store, wait_seconds=wait, say=lambda step: session.say(f"  {step}"))
    session.show({"removals": [_told(one) for one in outcomes], "models_retired": _retired(outcomes)})
    _exit_when_partial(outcomes)


def explain(session: Session, identifier: Identifier) -> None:
    """Which rule decides over each class and epoch of a person: now, and were he erased."""
    from governance.lattice import RULES
    from governance.retention import explain as rulings

    found = rulings(session.store(), identifier)
    lines = [
        f"{one['class']:<12} {one['epoch'] or '-':<8} {' / '.join(RULES[rule])}"
        for one in found
        for rule in ([one["now"]["rule"]] if one["now"]["rule"] == "restriction" else []) + [one["erased"]["rule"]]
    ]
    session.show(found, "\n".join(lines))


def _told(outcome: Any) -> dict[str, Any]:
    return {
        "case": outcome.case, "status": outcome.status, "position": outcome.position,
        "keys_destroyed": outcome.keys_destroyed, "bodies_purged": outcome.bodies_purged,
    }  # fmt: skip


def _retired(outcomes: "list[Outcome]") -> list[str]:
    return sorted({model for one in outcomes for model in one.models_retired})


def _exit_when_partial(outcomes: "list[Outcome]") -> None:
    if any(one.status == "partial" for one in outcomes):
        raise typer.Exit(PARTIAL)


def _hold(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadInput("command", "HOLD", "32 hex digits, as `hold set` printed them") from error


def _month(text: str | None, option: str) -> int:
    from governance.retention import month_from

    try:
        return 0 if text is None else month_from(text)
    except ValueError as error:
        raise BadInput("command", option, "a month as YYYY-MM") from error
