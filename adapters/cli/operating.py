"""Commands of who runs a store: key generations, backups, schema versions, and the end of a store."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput

Wait = Annotated[float, typer.Option(help="Seconds to wait for other processes.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    keys = typer.Typer(help="Key generations.", rich_markup_mode=None)
    app.add_typer(keys, name="keys")
    command(keys, "status")(keys_status)
    command(keys, "rotate")(keys_rotate)
    command(app, "backup")(backup)
    command(app, "restore")(restore)
    command(app, "migrate")(migrate)
    leave = typer.Typer(help="Leave for good: everything returned, everything destroyed.", rich_markup_mode=None)
    app.add_typer(leave, name="exit")
    command(leave, "return")(exit_return)
    command(leave, "destroy")(exit_destroy)


def keys_status(session: Session) -> None:
    """Show the key generations, and how many keys of which class each has wrapped."""
    from governance.rotation import status

    found = status(session.store())
    pending = ", ".join(map(str, found["pending_destruction"]))
    lines = [f"generation {found['generation']}" + (f"; to be destroyed: {pending}" if pending else "")]
    lines += [
        f"{one['generation']:>4} {one['class']:<16} {one['keys']:>9}  since {one['oldest']}" for one in found["keys"]
    ]
    session.show(found, "\n".join(lines))


def keys_rotate(
    session: Session,
    fresh: Annotated[
        Path | None, typer.Option("--backup", help="Then back up into this new directory, keyring too.")
    ] = None,
    wait: Wait = 10.0,
    signing: Annotated[
        bool, typer.Option("--signing", help="Instead, the key that signs tree heads: who pinned it can follow.")
    ] = False,
) -> None:
    """Wrap every key anew and destroy the old generation; keyring backups made before open nothing afterwards."""
    if signing:
        _rotate_signing(session)
        return
    from adapters.operating import back_up
    from governance.rotation import rotate

    store = session.store()
    if fresh is not None:
        _require_new(fresh)
    session.say("keyring backups made before this rotation open nothing after it; make a fresh one with --backup DIR")
    done = rotate(store, wait_seconds=wait, say=lambda step: session.say(f"  {step}"))
    told = {**done._asdict(), "backup": None}
    if done.status == "completed" and fresh is not None:
        back_up(session.settings, store, fresh, keyring=True)
        told["backup"] = str(fresh)
    session.show(told, f"generation {done.generation} since position {done.position}: {done.status}")
    if done.status == "partial":
        raise typer.Exit(PARTIAL)


def backup(
    session: Session,
    directory: Annotated[Path, typer.Argument(help="A new directory.")],
    keyring: Annotated[
        bool, typer.Option("--keyring", help="The wrapped keys too: they bring back whom they held.")
    ] = False,
) -> None:
    """Copy log and projections as of one moment; without the keyring the copy is noise."""
    from adapters.operating import back_up

    _require_new(directory)
    made = back_up(session.settings, session.store(), directory, keyring=keyring)
    size = sum(file["bytes"] for file in made["files"])
    session.show(made, f"{made['size']} entries in {len(made['files'])} files, {size} bytes")


def restore(session: Session, directory: Annotated[Path, typer.Argument(help="As `backup` made it.")]) -> None:
    """Make the store that a backup holds, do again what it has forgotten and was told since, and say so on the log."""
    from adapters.operating import restore as bring_back

    done = bring_back(session.settings, directory)
    text = f"{done.size} entries; {done.entries_lost} came after the backup; {len(done.cases)} removals re-applied"
    for label, counts in (("re-applied", done.reapplied), ("not re-applied", done.not_reapplied)):
        if counts:
            text += f"\n{label}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
    session.show(done._asdict(), text)
    if done.status == "partial":
        raise typer.Exit(PARTIAL)


def migrate(session: Session) -> None:
    """Bring the schemas of an older program to those that this one writes."""
    from adapters.operating import migrate_store

    versions = migrate_store(session.settings)
    session.show(versions, "\n".join(f"{name}: {version}" for name, version in versions.items()))


def exit_return(session: Session, out: Annotated[Path, typer.Option("-o", "--out", help="A new directory.")]) -> None:
    """Write down everything that is kept of every living subject, in clear, for who takes it over."""
    from governance.leaving import give_back

    _require_new(out)
    told = give_back(session.store(), out)
    session.show(told, f"{told['subjects']} subjects, {told['events']} events")


def exit_destroy(
    session: Session,
    out: Annotated[Path, typer.Option("-o", "--out", help="Write the certificate here.")],
    yes: Annotated[bool, typer.Option("--yes", help="Destroy every key of the store.")] = False,
) -> None:
    """Destroy every key generation and the signing key: nothing of the store opens any more, anywhere."""
    from adapters.operating import destroy_keys

    if not yes:
        raise BadInput("command", "--yes", "said explicitly: nobody can undo this")
    told = destroy_keys(session.settings, session.store(), out)
    session.show(told, told["statement"]["en"])


def _rotate_signing(session: Session) -> None:
    from adapters.operating import rotate_signing

    done = rotate_signing(session.settings, session.store())
    session.show(done._asdict(), f"signing key changed at position {done.position}\nverifier key: {done.new}")


def _require_new(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BadInput("command", str(directory.name), "a directory that is new or empty")
