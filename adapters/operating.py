"""What is done to a whole store: backed up, brought back, brought up to date, ended. Wiring, like `adapters.wiring`."""

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from adapters import manifest
from adapters.keys.files import read_private, shred, write_private
from adapters.keys.signing import FILES as SIGNING_FILES
from adapters.keys.signing import SigningKeyFiles
from adapters.settings import Settings
from adapters.sql.backup import dump, fill, place
from adapters.sql.engine import SCHEMAS, Databases, open_directory
from adapters.sql.keys import SqlKeyDatabase
from adapters.sql.locked import append_lock
from adapters.sql.log import SqlLog
from adapters.sql.migrate import HEADS, migrate, versions_of
from adapters.wiring import SECRETS, databases_at, keyring_at, mirror_at, open_store
from domain.errors import BadInput, Unavailable
from domain.note import print_note
from governance.backup import Restoration, declare, described, is_begun, settled
from governance.erasure import recover
from governance.leaving import FORMAT, STATEMENT, require_free, statement
from governance.publishing import publish
from governance.roles import require
from governance.signing import signer
from governance.signing_rotation import Changed, rotate_signing_key
from governance.store import Store


def back_up(settings: Settings, store: Store, directory: Path, *, keyring: bool) -> dict[str, Any]:
    """Write a backup, as of one moment, into a new directory; returns its manifest. Raises NotPermitted."""
    databases = databases_at(settings, create=False)
    schemas = SCHEMAS if keyring else ("log", "projections")
    require(store, "backup")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with nullcontext() if databases.is_server else store.lock():
        head, names = dump(databases, directory, schemas)
    publish(store.log, store.mirror)
    said = {"backend": databases.log.dialect.name, "keyring": keyring, "schemas": versions_of(databases)}
    return manifest.write(directory, {**said, **described(store, head)}, names)


def restore(settings: Settings, directory: Path) -> Restoration:
    """Make the store of a backup where there is none; the keyring that is there is taken before the backup's.

    Who was removed since is removed again first. Raises BadInput for no backup, Damaged for a file that was altered,
    and Unavailable where there is a store, or no keyring, keys or mirror.
    """
    made = manifest.read(directory)
    if made["backend"] != ("postgresql" if settings.is_server else "sqlite"):
        raise BadInput(directory.name, "backend", f"a store on {made['backend']}")
    keys = settings.keys_directory / made["store"]
    mirror = mirror_at(settings, keys)
    if not (keys / "signing.key").exists() or mirror.high_water() is None:
        raise Unavailable("the key store has neither keys nor mirror of this store: bring its directory back first")
    databases = databases_at(settings, create=True)
    there, log = versions_of(databases), SqlLog(databases.log)
    if there["log"] is None or log.head().size == 0:
        databases = _brought_back(settings, databases, directory, made)
    elif not is_begun(log, mirror, size=made["size"], root=bytes.fromhex(made["root"])):
        raise Unavailable("there is a store here already")
    migrate(databases)
    done = declare(open_store(settings, strict=False))
    found = recover(open_store(settings))  # under the policy that the declaration has brought back
    return settled(done, found.status, words=found.words, words_lost=found.words_lost)


def _brought_back(settings: Settings, databases: Databases, directory: Path, made: dict[str, Any]) -> Databases:
    is_living = _number(databases) == made["store"]
    if not (is_living or made["keyring"]):
        raise Unavailable("there is no keyring of this store, neither here nor in the backup")
    schemas = ("log", "projections") if is_living else SCHEMAS
    if settings.directory is None:
        migrate(databases, {name: made["schemas"][name] if name in schemas else HEADS[name] for name in SCHEMAS})
        fill(databases, directory, schemas)
        return databases
    databases.dispose()
    place(directory, settings.directory, schemas)
    return open_directory(settings.directory)


def _number(databases: Databases) -> str | None:
    """The number of the store whose keyring is there."""
    if versions_of(databases)["keyring"] is None:
        return None
    with SqlKeyDatabase(databases.keyring).reading() as rows:
        return f"{rows.number('store'):016x}"


def migrate_store(settings: Settings) -> dict[str, str | None]:
    """Bring a store to this program's schemas, and add the secrets that are new; returns the versions."""
    databases = databases_at(settings, create=False)
    if versions_of(databases)["log"] is None:
        raise Unavailable("there is no store here; make one with `lethe init`")
    migrate(databases)
    database, random = SqlKeyDatabase(databases.keyring), os.urandom
    with append_lock(databases) as locked:
        directory = settings.keys_directory / f"{locked.keys.number('store'):016x}"
        keyring = keyring_at(database, directory, SqlLog(databases.log), random)
        for name in SECRETS:
            if not locked.keys.secrets(name):
                keyring.new_secret(locked.keys, name, random(32))
    return versions_of(databases)


def rotate_signing(settings: Settings, store: Store) -> Changed:
    """Replace the log's signing key, or go on where that was interrupted. Raises NotPermitted."""
    return rotate_signing_key(store, SigningKeyFiles(_keys_of(settings, store)))


def destroy_keys(settings: Settings, store: Store, certificate: Path) -> dict[str, Any]:
    """Sign what this means into a file, then destroy every key. Raises NotPermitted, and Refused for a hold."""
    require_free(store)
    directory = _keys_of(settings, store)
    head = publish(store.log, store.mirror)
    text = statement(store, head)
    note = print_note(text, [signer(read_private(directory / "signing.key")).sign(text)])
    document = {
        "format": FORMAT, "vkey": store.vkey, "head": head.note, "note": note,
        "statement": {"en": STATEMENT[0], "zh": STATEMENT[1]},
    }  # fmt: skip
    write_private(certificate, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    for name in ("generations.json", *SIGNING_FILES):
        shred(directory / name)
    return document


def _keys_of(settings: Settings, store: Store) -> Path:
    """The directory of the store's own keys."""
    with store.keyring.database.reading() as rows:
        return settings.keys_directory / f"{rows.number('store'):016x}"
