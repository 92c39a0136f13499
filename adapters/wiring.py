"""Where ports meet adapters: with `adapters.operating` the only module that names a database or a key store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from adapters.keys.files import FileKeyStore, write_private
from adapters.keys.mirror import FileMirror
from adapters.keys.signing import SigningKeyFiles
from adapters.processes import this_process
from adapters.settings import Settings
from adapters.site import StaticSite
from adapters.sql.engine import Databases, open_directory, open_server
from adapters.sql.keys import SqlKeyDatabase
from adapters.sql.locked import append_lock
from adapters.sql.log import SqlLog
from adapters.sql.migrate import check_versions, migrate
from adapters.sql.projections import SqlSlots
from adapters.sql.storage import SqlStorage
from domain.acts import Genesis, PolicyPublished, parse
from domain.errors import Damaged, LetheError, Unavailable
from domain.note import print_vkey
from governance.actors import caller_of
from governance.blind import Blinder, follow
from governance.caller import Caller
from governance.door import rejections_of
from governance.keyring import Keyring, Random
from governance.mirrored import keep
from governance.policy import load
from governance.policy_change import require_publishable
from governance.presence import Lease
from governance.publishing import publish, require_extends
from governance.restoring import FOLDED_POLICY, follow_policy
from governance.signing import generate, signer
from governance.signing_rotation import hand_over, signing, signing_key
from governance.store import POLICY, Locked, Store, append_acts, insert_acts

SCHEMA = 1
SECRETS = ("index", "suppression", "fold", "statistics", "actors", "pairwise", "webhooks", "attest")


def initialise(settings: Settings, *, origin: str | None, fold_key: bytes | None, policy: str) -> Store:
    """Make a store with its keys. Raises Unavailable where there is one already."""
    random: Random = os.urandom
    load(policy, "policy")
    keys = settings.keys_directory  # First: where the keys are refused, nothing is made.
    databases = databases_at(settings, create=True)
    migrate(databases)
    log, database = SqlLog(databases.log), SqlKeyDatabase(databases.keyring)
    if log.head().size:
        raise Unavailable("there is a store here already")
    number = int.from_bytes(random(8), "big") >> 1
    directory = keys / f"{number:016x}"
    keyring = Keyring(database, FileKeyStore.create(directory, random), log, Lease(database, this_process(), random))
    with database.writing() as rows:
        rows.set_number("store", number)
        rows.set_number("born", -1)
        rows.set_number(POLICY, 1)
        rows.set_number(FOLDED_POLICY, 1)
        for name in SECRETS:
            keyring.new_secret(rows, name, fold_key if name == "fold" and fold_key else random(32))
    write_private(directory / "signing.key", generate(origin or f"lethe/{number:016x}", random(32)))
    digest = sha256(policy.encode()).hexdigest()
    log.keep_document(digest, "policy", policy)
    store = _open(settings, databases, policy=policy, version=1, random=random)
    genesis = Genesis(schema=SCHEMA, origin=store.origin, policy=digest)
    append_acts(store, [("genesis", genesis), ("policy_published", PolicyPublished(version=1, hash=digest))])
    return replace(store, caller=caller_of(store))


def open_store(settings: Settings, *, random: Random = os.urandom, strict: bool = True) -> Store:
    """Raises Unavailable when there is no store, and Rollback (if strict) when it is not the one published last."""
    databases = databases_at(settings, create=False)
    check_versions(databases)
    log = SqlLog(databases.log)
    acts = log.acts(["policy_published"])
    if not acts:
        raise Unavailable("there is no store here; make one with `lethe init`")
    act = parse("policy_published", acts[-1].fields or "")
    assert isinstance(act, PolicyPublished)
    text = log.document(act.hash)
    if text is None or sha256(text.encode()).hexdigest() != act.hash:
        raise Unavailable("the policy's text is not the one that was published")
    store = _open(settings, databases, policy=text, version=act.version, random=random, strict=strict)
    if strict:
        require_extends(store.log.head(), store.mirror.high_water(), store.log)
    return replace(store, caller=_caller(store, strict))


def _caller(store: Store, strict: bool) -> Caller:
    try:
        return caller_of(store)
    except Damaged:
        if strict:
            raise
        return replace(store.caller, roles=frozenset({"auditor"}))  # what is damaged must not stop the audit of it


def rejected(settings: Settings, limit: int) -> list[dict[str, object]]:
    """As `rejections_of`, of the store that the settings name."""
    return rejections_of(open_store(settings), limit)


def publish_policy(settings: Settings, store: Store, text: str) -> int:
    """Put a checked policy on the log and rebuild the projections under it; returns its version."""
    require_publishable(store, load(text, "policy"))
    digest = sha256(text.encode()).hexdigest()
    databases = databases_at(settings, create=False)
    store.mirror.keep_text(digest, text)
    SqlLog(databases.log).keep_document(digest, "policy", text)
    with store.lock() as locked:
        newest = parse("policy_published", store.log.acts(["policy_published"])[-1].fields or "")
        assert isinstance(newest, PolicyPublished)
        act = PolicyPublished(version=newest.version + 1, hash=digest)
        at = insert_acts(store, locked, [("policy_published", act)])
        locked.keys.set_number(POLICY, act.version)
    publish(store.log, store.mirror)
    keep(store.mirror, store.log.contents([at]))
    follow_policy(open_store(settings, random=store.random))
    return act.version


def keyring_at(database: SqlKeyDatabase, directory: Path, log: SqlLog, random: Random) -> Keyring:
    """The keyring of a store whose keys lie in this directory."""
    return Keyring(database, FileKeyStore(directory, random), log, Lease(database, this_process(), random))


def mirror_at(settings: Settings, directory: Path) -> FileMirror:
    """What is kept outside the databases of the store whose keys lie in this directory."""
    published = settings.site_directory()
    site = None if published is None else StaticSite(published)
    return FileMirror(directory / "mirror", site=site, clock=settings.clock)


def databases_at(settings: Settings, *, create: bool) -> Databases:
    """Where the settings say. Raises Unavailable where an embedded store is not, unless it is to be made."""
    if settings.is_server:
        return open_server(settings.store)
    directory = Path(settings.store)
    if create:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not (directory / "log.db").exists():
        raise Unavailable("there is no store here; make one with `lethe init`")
    return open_directory(directory)


def _open(
    settings: Settings, databases: Databases, *, policy: str, version: int, random: Random, strict: bool = True
) -> Store:
    log, database = SqlLog(databases.log), SqlKeyDatabase(databases.keyring)
    with database.reading() as rows:
        directory = settings.keys_directory / f"{rows.number('store'):016x}"
        keyring = keyring_at(database, directory, log, random)
        secrets = {name: keyring.secret(rows, name) for name in ("index", "suppression", "fold", "actors")}
    mirror, signing_keys = mirror_at(settings, directory), SigningKeyFiles(directory)
    if signing_keys.is_changing:
        with nullcontext() if strict else suppress(LetheError):
            hand_over(log, mirror, signing_keys)
    key = signer(signing_key(signing_keys, log))
    blinder = Blinder(secrets["index"], secrets["suppression"])
    rules = load(policy, "policy")
    actors = Blinder(secrets["actors"], b"")
    actor = actors.blind(f"actor:{settings.actor}")

    @contextmanager
    def lock() -> Iterator[Locked]:
        with append_lock(databases) as locked:
            follow(blinder, keyring, locked.keys)
            yield locked

    return Store(
        origin=key.key.name,
        vkey=print_vkey(key.key),
        log=log,
        lock=lock,
        keyring=keyring,
        blinder=blinder,
        slots=SqlSlots(databases.projections),
        storage=SqlStorage(databases, settings.directory),
        mirror=mirror,
        policy=rules,
        policy_version=version,
        fold=rules.fold_config(secrets["fold"]),
        actor=actor,
        actor_id=lambda name: actors.blind(f"actor:{name}"),
        caller=Caller(actor=actor, roles=frozenset()),
        clock=settings.clock,
        random=random,
        sign=signing(signing_keys, log),
        sign_bytes=key.sign_bytes,
    )
