"""Commands that forget."""

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.certifying import text_for_file
from adapters.cli.profiles import From, Identifier
from adapters.cli.session import PARTIAL, Session, command, identifiers_from, status_of
from domain.errors import BadInput, LetheError, NotFound

if TYPE_CHECKING:
    from governance.removing import Outcome
    from governance.store import Store


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    command(app, "erase")(erase)


def erase(
    session: Session,
    identifier: Identifier = None,
    from_file: From = None,
    dry_run: Annotated[bool, typer.Option(help="Show what would go; change nothing.")] = False,
    certificate: Annotated[Path | None, typer.Option(help="Write the certificate here.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for readers of old pages.")] = 10.0,
) -> None:
    """Erase a person: keys destroyed, bodies purged, projections and statistics without them."""
    from governance.erasure import preview

    names = identifiers_from(identifier, from_file)
    many = from_file is not None
    if many and certificate is not None:
        raise BadInput("command", "--certificate", "a single ID; with --from each answer carries its own")
    store = session.store()
    if dry_run:
        _print(session, [_safely(lambda one=one: preview(store, one)) for one in names], many)
        return
    if not (yes or many or session.as_json or not sys.stdin.isatty()):
        session.show(preview(store, names[0]))
        typer.confirm("Erase this person for good?", abort=True)
    began = monotonic()
    answers = _erased(store, session, names, wait)
    done = [answer for answer in answers if isinstance(answer, dict)]
    for answer in done:
        answer["seconds"] = round(monotonic() - began, 3)
    _certify(store, [answer for answer in done if answer["position"] is not None], certificate, many)
    _print(session, answers, many)


def _erased(store: "Store", session: Session, names: list[str], wait: float) -> list[dict[str, Any] | LetheError]:
    """In the order of the names; whoever is not there may be one whose erasure was interrupted.

    A receipt is said before anything is destroyed, so that a crash loses none unseen; nothing can show it again.
    """
    from governance.erasure import erase as forget
    from governance.request_batches import erase_together
    from governance.request_runs import How

    outcomes = dict[str, "Outcome"]()
    receipts = dict[str, str | None]()

    def removed(outcome: "Outcome") -> None:
        outcomes[outcome.case] = outcome

    def opened(request: str, receipt: str | None) -> None:
        receipts[request] = receipt
        session.say(f"  request {request}, receipt for the person: {receipt}")

    def told(name: str, answer: dict[str, Any] | LetheError) -> dict[str, Any] | LetheError:
        if isinstance(answer, NotFound):
            return _safely(lambda: resumed(name))
        if isinstance(answer, LetheError):
            return answer
        came = answer["outcome"]
        outcome = _told(outcomes[came["case"]])
        is_waiting = outcome["status"] == "completed"  # but for recipients who have not answered
        extra = {"receipt": receipts.get(came["case"])}
        return {**outcome, **extra} | ({"status": answer["state"]} if is_waiting else {})

    def resumed(name: str) -> dict[str, Any]:
        outcome = forget(store, name, wait_seconds=wait, say=how.say)
        return _told(outcome)

    how = How(wait_seconds=wait, say=lambda step: session.say(f"  {step}"), removed=removed, opened=opened)
    answers = erase_together(store, names, how)
    return [told(name, answer) for name, answer in zip(names, answers, strict=True)]


def _certify(store: "Store", answers: list[dict[str, Any]], certificate: Path | None, many: bool) -> None:
    """Put the certificates of what was carried out into the answers, or into a file that the one answer names."""
    from governance.certificate import certificate as make
    from governance.certificate import commitments

    cases = [bytes.fromhex(answer["request"]) for answer in answers]
    known = commitments(store, cases)
    for case, answer in zip(cases, answers, strict=True):
        document = make(store, case, residue=answer["residue"], known=known)
        if certificate is not None:
            certificate.write_text(text_for_file(document), encoding="utf-8")
        answer["certificate"] = document if many or certificate is None else str(certificate)


def _told(outcome: "Outcome") -> dict[str, Any]:
    residue = outcome.residue
    return {
        "request": outcome.case,
        "status": outcome.status,
        "position": outcome.position,
        "keys_destroyed": outcome.keys_destroyed,
        "bodies_purged": outcome.bodies_purged,
        "statistics_updated": outcome.statistics_updated,
        "models_retired": outcome.models_retired,
        "holds": outcome.holds,
        "recipients": outcome.recipients,
        "residue": residue and {
            "files": residue.files, "bytes": residue.bytes, "needles": residue.needles, "found": len(residue.hits),
        },
        "waiting_for": outcome.waiting_for or None,
        "certificate": None,
        "receipt": None,
    }  # fmt: skip


def _safely(call: Any) -> dict[str, Any] | LetheError:
    try:
        answer: dict[str, Any] = call()
        return answer
    except LetheError as error:
        return error


def _print(session: Session, answers: list[Any], many: bool) -> None:
    worst = 0
    for answer in answers:
        if isinstance(answer, LetheError):
            if not many:
                raise answer
            status = status_of(answer)
            session.line({"error": type(answer).__name__, "status": status})
        else:
            status = PARTIAL if answer.get("status") in ("partial", "held") else 0
            session.line(answer) if many else session.show(answer)
        worst = max(worst, status)
    if worst:
        raise typer.Exit(worst)
