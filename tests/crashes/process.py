"""A process to be killed: says on standard output where it is, and does one thing to a store.

Run as `python -m tests.crashes.process OPERATION STORE DIRECTORY [FILE]`.
"""

import sys
from pathlib import Path

from adapters.cli.ingesting import ingest_file
from adapters.wiring import open_store
from domain.errors import NotFound
from governance.access import Reader
from governance.erasure import erase, recover
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import call, settings_for, take_in
from tests.crashes.worlds import ADA

BATCHES = 30


def say(step: str) -> None:
    """One line that the parent sees at once."""
    sys.stdout.write(step + "\n")
    sys.stdout.flush()


def main(operation: str, address: str, directory: str, file: str = "") -> None:
    """Open, recover, act."""
    store = open_store(settings_for(address, Path(directory)))
    recover(store)
    say("ready")
    if operation == "take_in":
        for batch in range(BATCHES):
            take_batch(store, batch)
            say("taken")
    elif operation == "ingest":
        ingest_file(store, file, mapping=str(Path(file).with_name("mapping.toml")), batch=20)
    elif operation == "catch_up":
        catch_up_to_head(store)
    elif operation == "rebuild":
        rebuild(store, check=False)
    elif operation == "erase":
        assert erase(store, ADA, say=say).status == "completed"
    elif operation == "hold":
        hold(store)
    say("done")


def hold(store: Store) -> None:
    """Open Ada's keys, and say what is left of them once a line comes in."""
    keys = [row.key_id for row in component(store, find(store, ADA)).keys]
    reader = Reader(store, "tester")
    reader.read(ADA, "personalization")
    assert len(store.keyring.find(keys)) == len(keys)
    say("warm")
    sys.stdin.readline()
    kept, found = len(store.keyring._opened), len(store.keyring.find(keys))
    try:
        reader.read(ADA, "personalization")
        say(f"{kept} kept, {found} found, profile shown")
    except NotFound:
        say(f"{kept} kept, {found} found, profile gone")


def take_batch(store: Store, batch: int) -> None:
    """Four events of three people, one of them new."""
    first = 1000 + 4 * batch
    names = ("user_id:ada", "user_id:bob", f"user_id:new{batch}", "user_id:cyd")
    take_in(store, *(call(first + place, name) for place, name in enumerate(names)))


if __name__ == "__main__":
    main(*sys.argv[1:])
