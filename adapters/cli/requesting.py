"""Commands for subject requests."""

import json
from typing import Annotated, Any

import typer

from adapters.cli.exporting import Directory, Plain, answer, delivery, identifier_of
from adapters.cli.session import Session, command
from domain.errors import BadInput

Request = Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id, as `request open` printed it.")]
Note = Annotated[str, typer.Option(help="Free text, sealed in the case.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    request = typer.Typer(help="Requests of data subjects, with deadlines.", rich_markup_mode=None)
    app.add_typer(request, name="request")
    for name, function in (
        ("open", request_open),
        ("list", request_list),
        ("show", request_show),
        ("verify", request_verify),
        ("approve", request_approve),
        ("deny", request_deny),
        ("cancel", request_cancel),
        ("extend", request_extend),
        ("run", request_run),
    ):
        command(request, name)(function)


def request_open(
    session: Session,
    kind: Annotated[
        str,
        typer.Argument(help="access, portability, rectification, erasure, restriction, lift, objection or review."),
    ],
    identifier: Annotated[str, typer.Argument(metavar="ID", help="kind:value, such as user_id:42.")],
    jurisdiction: Annotated[str | None, typer.Option(help="gdpr, ccpa or pipl; else the policy's.")] = None,
    received: Annotated[str | None, typer.Option(help="When it came, in RFC 3339; else now.")] = None,
    requester: Annotated[str, typer.Option(help="self, agent, guardian or next_of_kin.")] = "self",
    evidence: Annotated[str, typer.Option(help="Reference to what shows that the requester may act.")] = "",
    purpose: Annotated[str, typer.Option(help="Of an objection: the purpose objected to.")] = "",
    ground: Annotated[str, typer.Option(help="Of a restriction: code of GDPR Art. 18(1).")] = "",
    informed: Annotated[str, typer.Option(help="Of a lift: reference to how the person was told before.")] = "",
    score: Annotated[str, typer.Option(help="Of a review: the score.")] = "",
    values: Annotated[
        list[str] | None, typer.Option("--set", help="Of a rectification: NAME=VALUE; NAME= takes the value away.")
    ] = None,
    note: Note = "",
) -> None:
    """Open a request. Prints `request kind state text jurisdiction received confirm_by due overdue`.

    Of an erasure also `receipt`, this once, and `confirmation`, what to tell the person of it.
    """
    from governance.requests import Asking, open_request

    said = {"purpose": purpose, "ground": ground, "informed": informed, "score": score}
    asking = Asking(
        kind=kind,
        identifier=identifier_of(identifier),
        jurisdiction=jurisdiction,
        received=_time(received),
        requester=requester,
        evidence=evidence,
        about={name: value for name, value in said.items() if value},
        values=_values(values),
        note=note,
    )
    session.show(open_request(session.store(), asking))


def request_list(
    session: Session,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is late.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 1000,
) -> None:
    """List open requests, the most urgent first: a list of what `request open` prints."""
    from governance.requests import list_requests

    found = list_requests(session.store(), open_only=not every, overdue_only=overdue, limit=limit)
    lines = [
        f"{one['request']}  {one['due']}{'!' if one['overdue'] else ' '} {one['kind']['code']}  {one['state']}"
        for one in found
    ]
    session.show(found, "\n".join(lines) if lines else "no requests")


def request_show(session: Session, request: Request) -> None:
    """Show a request: also `subject requester about values duplicate_of needs_another outcome steps`, and a denial."""
    from governance.requests import show

    session.show(show(session.store(), _case(request)))


def request_verify(
    session: Session,
    request: Request,
    method: Annotated[
        str, typer.Option(help="signed_in, possession, document, in_person, officer or not_required.")
    ] = "",
    evidence: Annotated[str, typer.Option(help="Reference to the proof.")] = "",
    authority: Annotated[str, typer.Option(help="Reference to what shows that the requester may act.")] = "",
    identifier: Annotated[str | None, typer.Option("--id", help="Whom the requester turned out to be.")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="As of `request open`.")] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Not verified yet: more was asked for.")] = False,
    note: Note = "",
) -> None:
    """Record that the identity is proven, or with --ask that more is needed. Of nobody known it ends the request."""
    from governance import requests

    store, case = session.store(), _case(request)
    if ask:
        session.show(requests.ask(store, case, note=note))
        return
    name = None if identifier is None else identifier_of(identifier)
    session.show(
        requests.verify(
            store, case, method=method, evidence=evidence, authority=authority, identifier=name, values=_values(values)
        )
    )


def request_approve(session: Session, request: Request) -> None:
    """Let a verified request be carried out."""
    from governance.requests import approve

    session.show(approve(session.store(), _case(request)))


def request_deny(
    session: Session,
    request: Request,
    reason: Annotated[str, typer.Option(help="Code, such as manifestly_unfounded; a wrong one lists them all.")],
    note: Note = "",
) -> None:
    """Refuse a request for an enumerated reason."""
    from governance.requests import deny

    session.show(deny(session.store(), _case(request), reason, note=note))


def request_cancel(session: Session, request: Request) -> None:
    """The requester took it back; not once it runs."""
    from governance.requests import cancel

    session.show(cancel(session.store(), _case(request)))


def request_extend(
    session: Session,
    request: Request,
    reason: Annotated[str, typer.Option(help="complexity or number_of_requests.")] = "complexity",
) -> None:
    """Take the longer period of the law, once and before the first ends."""
    from governance.requests import extend

    session.show(extend(session.store(), _case(request), reason))


def request_run(
    session: Session,
    request: Request,
    output: Directory = None,
    plain: Plain = False,
    decision: Annotated[str, typer.Option(help="Of a review: upheld, changed or removed.")] = "",
    note: Note = "",
    wait: Annotated[float, typer.Option(help="Of an erasure: seconds to wait for readers of old pages.")] = 10.0,
) -> None:
    """Carry an approved request out. Prints what `request open` does, `outcome`, and of a package its code, once."""
    from governance.request_runs import How, run

    store = session.store()
    deliver = None if output is None else delivery(store, output, plain)
    how = How(
        deliver=deliver,
        decision=decision,
        note=note,
        wait_seconds=wait,
        say=lambda step: session.say(f"  {step}"),
    )
    answer(session, run(store, _case(request), how))


def _case(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadInput("command", "REQUEST", "32 hex digits, as `request open` printed them") from error


def _time(text: str | None) -> int | None:
    from domain.clock import parse_rfc3339

    try:
        return None if text is None else parse_rfc3339(text)
    except ValueError as error:
        raise BadInput("command", "--received", "a time in RFC 3339") from error


def _values(said: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE, where VALUE is JSON if it is any, else text; nothing takes the value away."""
    found: dict[str, Any] = {}
    for one in said or []:
        name, equals, value = one.partition("=")
        if not (name and equals):
            raise BadInput("command", "--set", "NAME=VALUE")
        try:
            found[name] = json.loads(value) if value else None
        except ValueError:
            found[name] = value
    return found
