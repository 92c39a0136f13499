"""The residue scanner sees tokens wherever and however they lie, and never calls clean what it could not read."""

import base64
import bz2
import gzip
import hashlib
import html
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.settings import Settings
from domain.errors import BadInput
from governance import matching, searching
from governance.encodings import digests, encodings
from governance.matching import Matcher
from governance.residue import Residue, scan, scan_store
from tests.conftest import make_store

TOKEN = "Zoë.Quist@Example.org/7"
LOW = TOKEN.lower()
RAW = TOKEN.encode()

SPELLED: dict[str, bytes] = {
    "raw": RAW,
    "lower case": LOW.encode(),
    "UTF-16": TOKEN.encode("utf-16-le"),
    "UTF-32": TOKEN.encode("utf-32-be"),
    "Latin-1": TOKEN.encode("latin-1"),
    "GB 18030": TOKEN.encode("gb18030"),
    "decomposed": b"Zoe\xcc\x88.Quist@Example.org/7",
    "hexadecimal": RAW.hex().encode(),
    "capital hexadecimal": RAW.hex().upper().encode(),
    "a dump": RAW.hex(" ").encode(),
    "escaped bytes": "".join(f"\\x{one:02x}" for one in RAW).encode(),
    **{f"base64 after {n}": base64.b64encode(b"x" * n + RAW + b"tail") for n in range(3)},
    **{f"URL base64 after {n}": base64.urlsafe_b64encode(b"?" * n + RAW + b"tail") for n in range(3)},
    **{f"base32 after {n}": base64.b32encode(b"x" * n + RAW + b"tail") for n in range(5)},
    "JSON": json.dumps({"a": TOKEN}).encode(),
    "JSON in JSON": json.dumps(json.dumps({"a": TOKEN})).encode(),
    "JSON of PHP": TOKEN.replace("/", "\\/").encode(),
    "all of it as code units": "".join(f"\\u{ord(one):04X}" for one in TOKEN).encode(),
    "percent": quote(TOKEN, safe="").encode(),
    "percent twice": quote(quote(TOKEN, safe=""), safe="").encode(),
    "entities": TOKEN.encode("ascii", "xmlcharrefreplace"),
    "all of it as entities": "".join(f"&#x{ord(one):x};" for one in TOKEN).encode(),
    "escaped HTML": html.escape(TOKEN).encode(),
    "MD5": hashlib.md5(RAW, usedforsecurity=False).hexdigest().encode(),
    "SHA-1 of lower case": hashlib.sha1(LOW.encode(), usedforsecurity=False).digest(),
    "SHA-256 of lower case": hashlib.sha256(LOW.encode()).hexdigest().upper().encode(),
    "SHA-512 in base64": base64.b64encode(hashlib.sha512(RAW).digest()),
    "BLAKE2b": hashlib.blake2b(RAW).hexdigest().encode(),
}


def looked_for(token: str, *paths: Path) -> Residue:
    return scan([[*encodings(token.encode()), *digests(token.encode())]], paths)


def files_of(residue: Residue) -> set[str]:
    return {hit.path for hit in residue.hits}


def test_a_token_is_seen_in_every_common_encoding_and_digest_and_nothing_else_is(tmp_path: Path) -> None:
    for name, spelled in SPELLED.items():
        (tmp_path / name).write_bytes(b"before \x00\xff" + spelled + b"\x00 after")
    (tmp_path / "innocent").write_bytes(b"zoe quist of example.org, " + hashlib.sha256(b"other").digest())

    found = looked_for(TOKEN, tmp_path)

    assert files_of(found) == set(SPELLED)
    assert (found.files, found.partial) == (len(SPELLED) + 1, False)
    assert looked_for("  " + TOKEN + " ", tmp_path / "raw").hits  # blanks around it are no part of a token


@settings(max_examples=60)
@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.binary(min_size=4, max_size=9), st.integers(0, 300)), max_size=6),
    st.booleans(),
)
def test_both_ways_of_matching_find_the_first_place_of_every_form(
    noise: bytes, planted: list[tuple[bytes, int]], few: bool
) -> None:
    content = noise
    for form, at in planted:
        content = content[:at] + form + content[at:]
    forms = [*(form for form, _ in planted), b"nowhere in it"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "BLOCK", 37)  # forms lie across the borders of blocks and stretches
        patch.setattr(matching, "STRETCH", 16)
        patch.setattr(matching, "FEW", 1 << 30 if few else 0)
        places = list(Matcher(forms).first_places(io.BytesIO(content)))

    assert dict(places) == {index: content.find(form) for index, form in enumerate(forms) if form in content}
    assert len(dict(places)) == len(places)


def test_containers_are_opened_and_what_they_hold_too(tmp_path: Path) -> None:
    """S6, S9: a compressed backup or export is no hiding place."""
    pack: dict[str, Callable[[bytes], bytes]] = {
        "a.gz": gzip.compress,
        "a.bz2": bz2.compress,
        "a.xz": lzma.compress,
        "a.zip": lambda said: zipped(said),
        "a.zip.gz": lambda said: gzip.compress(zipped(said)),
        "a.zip.zip": lambda said: zipped(zipped(said)),
        "a.gz.tar": lambda said: tarred(gzip.compress(said)),
        "a.gz.tar.gz": lambda said: gzip.compress(tarred(gzip.compress(said))),
    }
    for name, packed in pack.items():
        (tmp_path / name).write_bytes(packed(b"x" * 9000 + RAW + b"y" * 9000))
    assert not any(RAW in (tmp_path / name).read_bytes() for name in pack)
    (tmp_path / "named.zip").write_bytes(zipped(b"nothing", name=TOKEN))

    found = looked_for(TOKEN, tmp_path)

    assert {path.partition("!")[0] for path in files_of(found)} == {*pack, "named.zip"}
    assert {hit.offset for hit in found.hits if "named" not in hit.path} == {9000}
    assert (found.containers, found.partial) == (14, False)


def test_columnar_files_are_read_column_by_column(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    mails = [f"{number}@example.org" for number in range(5000)] + [TOKEN]
    parquet.write_table(pyarrow.table({"mail": mails}), tmp_path / "a.parquet", compression="zstd")
    nested = pyarrow.table({"said": [[{"mail": TOKEN * 40}]] * 40})
    with pyarrow.ipc.new_file(
        tmp_path / "b.arrow", nested.schema, options=pyarrow.ipc.IpcWriteOptions(compression="zstd")
    ) as file:
        file.write_table(nested)
    (tmp_path / "c.zip").write_bytes(zipped((tmp_path / "a.parquet").read_bytes()))

    found = looked_for(TOKEN, tmp_path)

    columns = {(path.partition("!")[0], path.rpartition("/")[2]) for path in files_of(found) if "/" in path}
    assert columns == {("a.parquet", "mail"), ("b.arrow", "said"), ("c.zip", "mail")}
    assert not found.partial


def test_what_cannot_be_read_makes_the_result_partial_and_what_vanished_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6: success is never reported over what was skipped."""
    deep = b"harmless"
    for _ in range(searching.DEEPEST + 1):
        deep = gzip.compress(deep)
    locked = bytearray(zipped(b"secret"))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1  # says that it is encrypted
    broken = {
        "cut.gz": gzip.compress(b"x" * 100_000 + RAW + b"y" * 100_000)[:-12],
        "cut.parquet": b"PAR1" + b"\0" * 50,
        "cut.zip": zipped(b"x" * 10_000)[:-40],
        "deep.gz": deep,
        "locked.zip": bytes(locked),
        "packed.zst": b"\x28\xb5\x2f\xfd" + b"\0" * 50,
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    gone = tmp_path / "gone"

    found = looked_for("nowhere at all", tmp_path, gone)

    assert {name.partition("!")[0] for name in found.unreadable} == {*broken, "itself"}
    assert found.hits == []
    assert found.partial
    assert scan([[b"nowhere"]], [gone]).partial  # nothing read proves nothing
    whole = tmp_path / "whole"
    whole.write_bytes(b"nothing")
    assert not scan([[b"nowhere"]], [whole, gone]).partial
    assert looked_for(TOKEN, tmp_path / "cut.gz").hits  # what could be read of it was looked at
    monkeypatch.setattr(searching, "MOST_UNPACKED", 1 << 20)
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(8 << 20)))
    search = searching.Search([(b"nowhere", 0)])
    search.look_at(bomb, bomb.name)
    search.look_at(tmp_path, "not to be opened")
    assert search.unreadable == ["bomb.gz!gzip", "not to be opened"]


def test_links_are_followed_once_and_names_are_looked_at(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    (outside / "deeper").mkdir(parents=True)
    inside.mkdir()
    (outside / "deeper" / "log").write_bytes(RAW)
    (inside / "there").symlink_to(outside)
    (outside / "back").symlink_to(inside)
    (inside / f"export-{LOW.replace('/', '')}.json").write_bytes(b"{}")

    found = looked_for(TOKEN, inside)
    named = looked_for(LOW.replace("/", ""), inside)

    assert [(hit.path, hit.offset) for hit in found.hits] == [("there/deeper/log", 0)]
    assert found.files == 2
    assert [hit.offset for hit in named.hits] == [-1]


def test_a_stale_cell_in_a_page_is_seen_until_the_file_is_written_anew(sqlite_settings: Settings) -> None:
    """S1: free pages, the WAL and journals keep what was deleted; so do gaps that a balanced tree leaves."""
    store = make_store(sqlite_settings)
    keyring = Path(sqlite_settings.store) / "keyring.db"
    token = "stale-wrapped-key"

    def places() -> set[str]:
        return files_of(scan_store(store, [token]))

    with closing(sqlite3.connect(keyring, isolation_level=None)) as careless:
        careless.execute("PRAGMA secure_delete=OFF")
        careless.execute("INSERT INTO number VALUES (?, 1)", (token,))
        assert places() == {"keyring.db-wal"}
        careless.execute("DELETE FROM number WHERE name = ?", (token,))
        careless.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert places() == {"keyring.db"}  # no row holds it any more

    store.storage.rewrite(wait_seconds=5)

    assert places() == set()
    (keyring.parent / "copy.db-journal").write_bytes(token.encode())
    assert places() == {"copy.db-journal"}
    with pytest.raises(BadInput):
        scan_store(store, ["abc"])  # chance would find it


def zipped(said: bytes, *, name: str = "inner") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, said)
    return archive.getvalue()


def tarred(said: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        entry = tarfile.TarInfo("inner")
        entry.size = len(said)
        file.addfile(entry, io.BytesIO(said))
    return archive.getvalue()
