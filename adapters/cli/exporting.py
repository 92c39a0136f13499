"""Commands that give a person the data: packages written, opened again, and swept when they have expired."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput

if TYPE_CHECKING:
    from governance.packages import Package
    from governance.request_runs import Deliver
    from governance.store import Store

Directory = Annotated[Path | None, typer.Option("--output", "-o", help="Directory that the package is written to.")]
Plain = Annotated[bool, typer.Option("--plain", help="Write the files in clear; this is recorded.")]

PLAIN_FILES = ("manifest.json", "profile.json", "events.jsonl", "about.json", "package.html")


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    command(app, "export")(export)
    package = typer.Typer(help="Sealed packages of access and portability requests.", rich_markup_mode=None)
    app.add_typer(package, name="package")
    command(package, "open")(package_open)
    command(package, "sweep")(package_sweep)


def export(
    session: Session,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="kind:value, such as user_id:42.")],
    output: Directory = None,
    portability: Annotated[bool, typer.Option("--portability", help="Provided and observed data only.")] = False,
    plain: Plain = False,
) -> None:
    """Give a person all that is known, as a sealed package: opens, verifies, approves and runs the request."""
    from governance.request_runs import How, at_once

    if output is None:
        raise BadInput("command", "--output", "the directory that the package is written to")
    store = session.store()
    kind = "portability" if portability else "access"
    answer(session, at_once(store, kind, identifier_of(identifier), How(deliver=delivery(store, output, plain))))


def package_open(
    session: Session,
    file: Annotated[Path, typer.Argument(help="package.lethe")],
    output: Directory = None,
    code: Annotated[
        str | None, typer.Option(help="The code that was shown once; asked for when it is left out.")
    ] = None,
) -> None:
    """Open a sealed package until it expires; needs no store. Prints `files`."""
    from governance.package_file import open_package

    if output is None:
        raise BadInput("command", "--output", "the directory that the files are written to")
    said = typer.prompt("Code", hide_input=True, err=True) if code is None else code
    files = open_package(_bytes(file), said, now=session.settings.clock())
    for name, content in files.items():
        _write(output, Path(name).name, content)
    session.show({"files": sorted(files)})


def package_sweep(
    session: Session, directory: Annotated[Path, typer.Argument(help="Where packages were written.")]
) -> None:
    """Delete packages below a directory that have expired, sealed or plain. Prints `deleted` and `kept`."""
    from governance.package_file import is_expired

    now, deleted, kept = session.settings.clock(), [], 0
    for file in sorted(directory.rglob("*.lethe")) + sorted(directory.rglob("manifest.json")):
        expired = is_expired(file.name, _bytes(file), now=now)
        if expired:
            siblings = [file] if file.suffix == ".lethe" else [file.parent / name for name in PLAIN_FILES]
            for one in siblings:
                one.unlink(missing_ok=True)
            deleted.append(str(file.relative_to(directory)))
        elif expired is not None:
            kept += 1
    session.show({"deleted": deleted, "kept": kept})


def delivery(store: "Store", directory: Path, plain: bool) -> "Deliver":
    """Writes a package into a directory: sealed as one file, or its files in clear.

    Raises BadInput for a directory that holds a package already: it may be another person's.
    """
    from governance.package_file import NAME

    if (directory / NAME).exists() or (directory / "manifest.json").exists():
        raise BadInput("command", "--output", "a directory without a package in it")

    def deliver(package: "Package") -> dict[str, Any]:
        from domain.clock import rfc3339
        from governance.package_file import seal_package

        expires = rfc3339(package.expires)
        if plain:
            for name, content in package.files.items():
                _write(directory, name, content)
            return {"package": str(directory), "expires": expires}
        sealed = seal_package(package.files, expires=package.expires, random=store.random)
        _write(directory, NAME, sealed.content)
        return {"package": str(directory / NAME), "expires": expires, "code": sealed.code}

    return deliver


def _write(directory: Path, name: str, content: bytes) -> None:
    """For the owner's eyes alone, from the first byte on."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / name
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)


def answer(session: Session, told: dict[str, Any]) -> None:
    """What a run came to; exit 5 when something is left to do."""
    session.show(told)
    if told["state"] == "partial":
        raise typer.Exit(PARTIAL)


def identifier_of(text: str) -> str:
    """Raises BadInput for what is no `kind:value`."""
    if ":" not in text:
        raise BadInput("command", "ID", "kind:value, such as user_id:42")
    return text


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(file.name, "file", "a readable file") from error
