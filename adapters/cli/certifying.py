"""Commands for certificates: made from the store, and checked, read and matched to a receipt without it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.cli.session import STATUS, Session, command, text_of
from domain.errors import BadInput, NotFound

Key = Annotated[str, typer.Option(help="The log's verifier key, as pinned.")]
Code = Annotated[str | None, typer.Option(help="The data subject's receipt: also say whether this is its certificate.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    certificate = typer.Typer(help="Certificates of what was destroyed.", rich_markup_mode=None)
    app.add_typer(certificate, name="certificate")
    command(certificate, "verify")(verify)
    command(certificate, "show")(show)
    command(certificate, "html")(html)
    command(certificate, "find")(find)


def show(
    session: Session,
    request: Annotated[str, typer.Argument(metavar="CASE", help="As `erase` and `retention apply` named it.")],
    form: Annotated[str, typer.Option("--format", help="json, proof, dsse or html.")] = "json",
    act: Annotated[int, typer.Option(min=1, help="Of --format proof: which act, where a case took several.")] = 1,
) -> None:
    """Print the certificate of a completed erasure or retention: whole, or as the file that another tool reads."""
    from governance.certificate import certificate
    from governance.certificate_check import verify as check
    from governance.certificate_page import page

    try:
        case = bytes.fromhex(request)
    except ValueError as error:
        raise BadInput("command", "CASE", "32 hex digits, as `erase` printed them") from error
    store = session.store()
    document = certificate(store, case)
    if form == "json":
        session.show(document)
    elif form == "dsse":
        session.line(document["envelope"])
    elif form == "proof":
        typer.echo(_proof(document, act), nl=False)
    elif form == "html":
        typer.echo(page(check(document, store.vkey)), nl=False)
    else:
        raise BadInput("command", "--format", "json, proof, dsse or html")


def verify(session: Session, file: Path, key: Key, receipt: Code = None) -> None:
    """Check a certificate without the store: the acts are in the log that this key signs.

    Takes what `show` prints as json, dsse or proof. With --receipt exit 4 means: valid, but of another request.
    """
    from governance.certificate_check import verify_text
    from governance.subject_receipt import digest_of

    digest = None if receipt is None else digest_of(receipt)
    checked = verify_text(text_of(file), key)
    told = {
        "valid": True, "positions": checked.positions, "format": checked.format, "kind": checked.kind,
        "reach": checked.reach, "case": checked.case,
    }  # fmt: skip
    line = f"valid: the act is in the log at {checked.positions}"
    if digest is not None:
        told["receipt"] = checked.receipt == digest
        line += "\nthe receipt is this certificate's" if told["receipt"] else "\nthe receipt is of another request"
    session.show(told, line)
    if told.get("receipt") is False:
        raise typer.Exit(STATUS[NotFound])


def html(
    session: Session,
    file: Path,
    key: Key,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the page goes.")],
) -> None:
    """Write a certificate, once it is verified, as a page to read and print, in English and Chinese."""
    from governance.certificate_check import verify_text
    from governance.certificate_page import page

    text = text_of(file)
    output.write_text(page(verify_text(text, key), sha256(text.encode()).hexdigest()), encoding="utf-8")
    session.show({"page": str(output)}, f"written: {output}")


def find(session: Session, receipt: Annotated[str, typer.Option(help="The data subject's receipt.")]) -> None:
    """Which case a receipt is of, by its digest on the log; exit 4 where there is none."""
    from governance.certificate import find_by_receipt

    session.show({"cases": find_by_receipt(session.store(), receipt)})


def text_for_file(document: dict[str, Any]) -> str:
    """A certificate as it is written to a file."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _proof(document: dict[str, Any], number: int) -> str:
    from governance.proven import proof_file

    acts = [*document["acts"], *([document["beyond_backups"]["act"]] if "beyond_backups" in document else [])]
    if number > len(acts):
        raise BadInput("command", "--act", f"a number up to {len(acts)}; the last is the rotation's, if there was one")
    return proof_file(acts[number - 1])
