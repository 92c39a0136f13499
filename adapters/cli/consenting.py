"""Commands for what a person says of the use of his data: consent, objection, restriction; and the notices."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.profiles import moment
from adapters.cli.session import PARTIAL, Session, command, identifiers_from, text_of
from domain.errors import BadInput

if TYPE_CHECKING:
    from governance.consenting import How

Identifier = Annotated[str, typer.Argument(metavar="ID", help="kind:value, such as user_id:42.")]
Purpose = Annotated[str, typer.Argument(metavar="PURPOSE", help="A purpose of the policy.")]
Method = Annotated[str, typer.Option(help="How it was said: a code, such as web-form or paper.")]
Language = Annotated[str, typer.Option(help="In which language the person was asked.")]
Evidence = Annotated[str, typer.Option(help="Where the proof lies: a reference, not the proof itself.")]
Wait = Annotated[float, typer.Option(help="Where data goes: seconds to wait for readers of old pages.")]
Version = Annotated[int | None, typer.Option("--notice", help="Version of the notice shown; the newest by default.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    consent = typer.Typer(help="What a person agreed to.", rich_markup_mode=None)
    app.add_typer(consent, name="consent")
    for name, function in (
        ("show", show),
        ("grant", grant),
        ("refuse", refuse),
        ("withdraw", withdraw),
        ("receipt", receipt),
        ("record", record),
    ):
        command(consent, name)(function)
    command(app, "restrict")(restrict)
    command(app, "object")(object_)
    notice = typer.Typer(help="What people are told before they consent, in versions.", rich_markup_mode=None)
    app.add_typer(notice, name="notice")
    command(notice, "publish")(notice_publish)
    command(notice, "list")(notice_list)
    command(notice, "show")(notice_show)


def show(
    session: Session,
    identifier: Identifier,
    as_of: Annotated[str | None, typer.Option(help="A position of the log, or a time in RFC 3339.")] = None,
) -> None:
    """Show the standing by purpose, now or as it was; the disclosure is recorded."""
    from governance.consent_record import consent_of

    [name] = identifiers_from(identifier, None)
    session.show(consent_of(session.store(), name, session.settings.actor, moment(as_of)))


def grant(
    session: Session,
    identifier: Identifier,
    purpose: Purpose,
    notice: Version = None,
    method: Method = "officer",
    language: Language = "",
    evidence: Evidence = "",
    until: Annotated[str | None, typer.Option(help="The consent ends by itself then (RFC 3339).")] = None,
) -> None:
    """Record that the person consents."""
    from domain.clock import parse_rfc3339
    from governance.consenting import How
    from governance.consenting import grant as say

    try:
        end = None if until is None else parse_rfc3339(until)
    except ValueError as error:
        raise BadInput("command", "--until", "a time in RFC 3339") from error
    [name] = identifiers_from(identifier, None)
    session.show(say(session.store(), name, purpose, How(method, notice, language, evidence, end)))


def refuse(
    session: Session,
    identifier: Identifier,
    purpose: Purpose,
    method: Method = "officer",
    language: Language = "",
    evidence: Evidence = "",
) -> None:
    """Record that the person was asked and does not consent."""
    from governance.consenting import refuse as say

    _say(session, say, identifier, purpose, method, language, evidence)


def withdraw(
    session: Session,
    identifier: Identifier,
    purpose: Purpose,
    method: Method = "officer",
    language: Language = "",
    evidence: Evidence = "",
    wait: Wait = 10.0,
) -> None:
    """Record that the person takes a consent back: the purpose stops, and what only it justified is destroyed.

    Exit 5 while a reader keeps old pages: `lethe retention apply` goes on.
    """
    from governance.consenting import withdraw as say

    _say(session, say, identifier, purpose, method, language, evidence, wait)


def object_(
    session: Session,
    identifier: Identifier,
    purpose: Purpose,
    lift: Annotated[bool, typer.Option("--lift", help="The person takes the objection back.")] = False,
    method: Method = "officer",
    language: Language = "",
    evidence: Evidence = "",
    wait: Wait = 10.0,
) -> None:
    """Record that the person objects to a purpose, which stops at once."""
    from governance.consenting import object_to, take_back_objection

    say = take_back_objection if lift else object_to
    _say(session, say, identifier, purpose, method, language, evidence, wait)


def restrict(
    session: Session,
    identifier: Identifier,
    ground: Annotated[str, typer.Option(help="Why: a code, such as accuracy_contested.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the restriction; the person is told before.")] = False,
    method: Method = "officer",
    evidence: Annotated[str, typer.Option(help="Of --lift: reference to how the person was told before.")] = "",
    wait: Wait = 10.0,
) -> None:
    """Keep what is known of a person, and use it for nothing."""
    from governance.consenting import How
    from governance.consenting import lift as end
    from governance.consenting import restrict as begin

    [name] = identifiers_from(identifier, None)
    how = How(method=method, evidence=evidence, wait_seconds=wait)
    if lift == bool(ground):
        raise BadInput("command", "--ground", "either a ground or --lift")
    store = session.store()
    _show(session, end(store, name, how) if lift else begin(store, name, ground, how))


def record(
    session: Session,
    identifier: Identifier,
    purpose: Annotated[str | None, typer.Argument(metavar="PURPOSE")] = None,
) -> None:
    """Print the consent record (ISO/IEC TS 27560)."""
    from governance.consent_record import consent_record

    [name] = identifiers_from(identifier, None)
    session.show(consent_record(session.store(), name, session.settings.actor, purpose))


def receipt(
    session: Session,
    identifier: Identifier,
    purpose: Annotated[str | None, typer.Argument(metavar="PURPOSE")] = None,
) -> None:
    """Print the receipt: the record's copy for the person, in English and Chinese."""
    from governance.consent_record import consent_receipt

    [name] = identifiers_from(identifier, None)
    session.show(consent_receipt(session.store(), name, session.settings.actor, purpose))


def notice_publish(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The notice, as purposes of the policy name it.")],
    en: Annotated[Path, typer.Option(help="File of the English text.")],
    zh: Annotated[Path, typer.Option(help="File of the Chinese text.")],
) -> None:
    """Publish a version of a notice; consents to an older one no longer count."""
    from governance.notices import publish_notice

    version = publish_notice(session.store(), name, {"en": text_of(en), "zh": text_of(zh)})
    session.show({"notice": name, "version": version})


def notice_list(session: Session) -> None:
    """List every version of every notice."""
    from domain.clock import day_name
    from governance.notices import listed

    session.show(
        [
            {"notice": one.name, "version": one.version, "day": day_name(one.day), "texts": dict(one.texts)}
            for one in listed(session.store())
        ]
    )


def notice_show(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    version: Annotated[int | None, typer.Option(help="The newest by default.")] = None,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Print a notice's text as it was published."""
    from governance.notices import text_of as published

    text = published(session.store(), name, language, version)
    session.show({"notice": name, "language": language, "text": text}, text)


def _say(
    session: Session,
    say: "Callable[[Any, str, str, How], dict[str, Any]]",
    identifier: str,
    purpose: str,
    method: str,
    language: str,
    evidence: str,
    wait: float = 10.0,
) -> None:
    from governance.consenting import How

    [name] = identifiers_from(identifier, None)
    how = How(method=method, language=language, evidence=evidence, wait_seconds=wait)
    _show(session, say(session.store(), name, purpose, how))


def _show(session: Session, answer: dict[str, Any]) -> None:
    session.show(answer)
    if answer["status"] == "partial":
        raise typer.Exit(PARTIAL)
