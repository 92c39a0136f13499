"""The root of the command line. Imports nothing heavy: commands import what they need when they run."""

from typing import Annotated

import typer

from adapters.cli import (
    actors,
    auditing,
    certifying,
    consenting,
    data,
    erasing,
    exporting,
    keeping,
    operating,
    policing,
    profiles,
    pseudonyms,
    recipients,
    requesting,
    residue,
    suppressing,
    unmerging,
)

app = typer.Typer(
    name="lethe",
    help="A profile store that remembers everything and can forget anyone.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # Rich would triple the time of --help.
    pretty_exceptions_enable=False,  # They show local variables, and with them personal data.
)
for group in (
    data,
    policing,
    actors,
    profiles,
    erasing,
    certifying,
    auditing,
    keeping,
    consenting,
    residue,
    requesting,
    exporting,
    pseudonyms,
    recipients,
    operating,
    suppressing,
    unmerging,
):
    group.register(app)


def main() -> None:
    """Entry point of the `lethe` script; leaves with the exit status of the command."""
    app()


def show_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    typer.echo(version("lethe-profiles"))
    raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """A profile store that remembers everything and can forget anyone."""
