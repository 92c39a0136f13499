"""`lethe suppression`: who is kept out."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.session import Session, command, text_of
from domain.errors import BadInput

HASHES = ("sha256", "none")
Kind = Annotated[str, typer.Option(help="What the list holds: email or phone.")]
Hash = Annotated[str, typer.Option("--hash", help="sha256: of the normal form, in hex or base64; none: in clear.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    suppression = typer.Typer(help="Who is kept out: the erased, and whom lists name.", rich_markup_mode=None)
    app.add_typer(suppression, name="suppression")
    command(suppression, "status")(status)
    command(suppression, "import")(import_)
    command(suppression, "remove")(remove)
    command(suppression, "sweep")(sweep)
    command(suppression, "rotate")(rotate)


def status(session: Session) -> None:
    """Counts without identity: marks, when they end, and how many calls were not stored."""
    from governance.suppression import status as counts

    session.show(counts(session.store()))


def import_(
    session: Session,
    file: Annotated[str, typer.Argument(help="An entry a line, or CSV with a column hash, email or phone; - to read.")],
    kind: Kind,
    hashed: Hash = "sha256",
    matches: Annotated[
        Path | None, typer.Option(help="Write here who of them is in the store, for `erase --from`.")
    ] = None,
) -> None:
    """Take in a list of people who are not to be taken in, such as the DROP's of California's Delete Act."""
    from governance.suppression import import_list

    lines = _entries(file, kind)
    done = import_list(session.store(), lines, kind=kind, hashed=_is_hashed(hashed))
    if matches is not None:
        matches.touch(mode=0o600)
        matches.chmod(0o600)
        matches.write_text("".join(f"{identifier}\n" for identifier in done.known), encoding="utf-8")
    session.show(
        {
            "case": done.case.hex(), "read": done.read, "added": done.added, "refused": done.refused,
            "known": len(done.known), "matches": None if matches is None else str(matches),
        }
    )  # fmt: skip


def remove(
    session: Session,
    file: Annotated[str, typer.Argument(help="As for `import`: the entries that were withdrawn.")],
    kind: Kind,
    hashed: Hash = "sha256",
) -> None:
    """Keep out no longer whom a list names; marks of erased people stay."""
    from governance.suppression import take_off

    gone = take_off(session.store(), _entries(file, kind), kind=kind, hashed=_is_hashed(hashed))
    session.show({"removed": gone}, f"{gone} marks removed")


def sweep(session: Session) -> None:
    """Forget marks whose period is over, and secrets that no mark needs any more."""
    from governance.suppression import sweep as forget

    gone = forget(session.store())
    session.show({"swept": gone}, f"{gone} marks forgotten")


def rotate(session: Session) -> None:
    """Make marks under a new secret from now on; those that there are work until they end."""
    from governance.suppression import rotate as renew

    serial = renew(session.store())
    session.show({"serial": serial}, f"marks are made with secret {serial}")


def _is_hashed(name: str) -> bool:
    if name not in HASHES:
        raise BadInput("command", "--hash", "one of " + ", ".join(HASHES))
    return name == "sha256"


def _entries(file: str, kind: str) -> list[str]:
    try:
        text = sys.stdin.buffer.read().decode() if file == "-" else text_of(Path(file))
    except UnicodeDecodeError as error:
        raise BadInput("-", "file", "a readable text in UTF-8") from error
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    header = [name.strip().lower() for name in next(csv.reader(lines[:1]), [])]
    column = next((header.index(name) for name in ("hash", kind) if name in header), None)
    if column is None:
        return lines
    return [row[column] for row in csv.reader(lines[1:]) if len(row) > column]
