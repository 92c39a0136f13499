"""The tables of a store, in three databases (SQLite files) or schemas (PostgreSQL)."""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import Index

BIG = BigInteger().with_variant(Integer, "sqlite")  # INTEGER PRIMARY KEY is SQLite's own row number

LOG = MetaData(schema="log")
KEYRING = MetaData(schema="keyring")
PROJECTIONS = MetaData(schema="projections")

head = Table(
    "head",
    LOG,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)
entry = Table(
    "entry",
    LOG,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("entry_id", LargeBinary, nullable=False),
    Column("day", Integer, nullable=False),
    Column("key_id", LargeBinary),
    Column("content", LargeBinary),
    Column("act", Text),
    Column("actor", LargeBinary),
    Column("fields", Text),
    Column("hash", LargeBinary, nullable=False),
)
Index(
    "entry_act",
    entry.c.act,
    entry.c.position,
    sqlite_where=text("act IS NOT NULL"),
    postgresql_where=text("act IS NOT NULL"),
)
body = Table(
    "body",
    LOG,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
stream = Table(
    "stream",
    LOG,
    Column("handle", BIG, primary_key=True, autoincrement=False),
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("digests", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
tile = Table(
    "tile",
    LOG,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BIG, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
)
rejection = Table(
    "rejection",
    LOG,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("record", BIG, nullable=False),
    Column("field", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
progress = Table(
    "progress",
    LOG,
    Column("source", LargeBinary, primary_key=True),
    Column("records", BIG, nullable=False),
)
document = Table(
    "document",
    LOG,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
)

number = Table(
    "number",
    KEYRING,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
subject = Table(
    "subject",
    KEYRING,
    Column("subject", LargeBinary, primary_key=True),
    Column("handle", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),  # 0 live, 1 fenced, 2 erased
    Column("case_id", LargeBinary),
    Column("born", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("subject_case", subject.c.case_id, sqlite_where=text("state > 0"), postgresql_where=text("state > 0"))
data_key = Table(
    "data_key",
    KEYRING,
    Column("key_id", LargeBinary, primary_key=True),
    Column("subject", LargeBinary, nullable=False),
    Column("class", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("committed_at", BigInteger, nullable=False),  # position of the act that holds its commitment
    Column("born", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("data_key_subject", data_key.c.subject)
identifier = Table(
    "identifier",
    KEYRING,
    Column("blind", LargeBinary, primary_key=True),
    Column("subject", LargeBinary, nullable=False),
    Column("strength", SmallInteger, nullable=False),  # 2 strong, 1 anonymous, 0 weak
    Column("born", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("identifier_subject", identifier.c.subject)
merge = Table(
    "merge",
    KEYRING,
    Column("absorbed", LargeBinary, primary_key=True),
    Column("into", LargeBinary, nullable=False),
    Column("born", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("merge_into", merge.c.into)
suppression = Table(
    "suppression",
    KEYRING,
    Column("mark", LargeBinary, primary_key=True),
    Column("case_id", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
secret = Table(
    "secret",
    KEYRING,
    Column("name", Text, primary_key=True),
    Column("serial", Integer, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

lease = Table(
    "lease",
    KEYRING,
    Column("process", LargeBinary, primary_key=True),  # random, of one run of a program
    Column("host", LargeBinary, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("changes", BigInteger, nullable=False),  # the last change that this process has noticed
    sqlite_with_rowid=False,
)
request = Table(
    "request",
    KEYRING,
    Column("case_id", LargeBinary, primary_key=True),
    Column("is_open", SmallInteger, nullable=False),
    Column("born", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
taken = Table(
    "taken",  # keys that a removal will destroy, or that a hold keeps from one: no read and no replay opens them
    KEYRING,
    Column("key_id", LargeBinary, primary_key=True),
    Column("case_id", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index("taken_case", taken.c.case_id)
hold = Table(
    "hold",
    KEYRING,
    Column("hold", LargeBinary, primary_key=True),
    Column("subject", LargeBinary, nullable=False),
    Column("born", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("hold_subject", hold.c.subject)
term = Table(
    "term",  # of a suppression mark
    KEYRING,
    Column("mark", LargeBinary, primary_key=True),
    Column("serial", Integer, nullable=False),  # of the secret that made the mark
    Column("expires", BigInteger, nullable=False),  # microseconds; 0: never
    sqlite_with_rowid=False,
)

slot = Table(
    "slot",
    PROJECTIONS,
    Column("name", Text, primary_key=True),  # "a" or "b"
    Column("checkpoint", BigInteger, nullable=False),
    Column("active", SmallInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
)


def _slot_tables(name: str) -> tuple[Table, Table]:
    state = Table(
        f"state_{name}",
        PROJECTIONS,
        Column("subject", LargeBinary, primary_key=True),
        Column("sealed", LargeBinary, nullable=False),
    )
    shared = Table(
        f"shared_{name}",
        PROJECTIONS,
        Column("name", Text, primary_key=True),
        Column("sealed", LargeBinary, nullable=False),
    )
    return state, shared


SLOTS = {name: _slot_tables(name) for name in ("a", "b")}
