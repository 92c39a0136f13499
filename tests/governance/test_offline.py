"""A bundle is verified by code that needs no store, and believes only the key that it is given."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.acts import Opened, parse
from domain.errors import BadInput
from domain.note import BadKey, print_vkey
from domain.tlog_tiles import TileName
from domain.tree import Frontier
from governance import bundling
from governance.audit import tree_head, verify_live
from governance.bundling import RemovedMeanwhile, export_bundle
from governance.erasure import erase
from governance.findings import Report
from governance.offline import verify_bundle
from governance.reporting import pinned, text_of
from governance.roles import NotPermitted
from governance.signing import generate, signer
from governance.store import Store
from tests.conftest import call, make_store, settings_for, take_in
from tests.domain.test_tlog_tiles import FOREIGN, FOREIGN_KEY

ROOT = Path(__file__).resolve().parents[2]
Where = set[tuple[str, int | None, str]]

ALONE = """
import json, sys
from governance.reporting import run
status = run(sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
raise SystemExit(status)
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Path]:
    """Ann and many others are in, Cleo was erased, and a bundle was exported; to be looked at only."""
    place = tmp_path_factory.mktemp("original")
    store = make_store(settings_for(str(place / "store"), place))
    take_in(store, call(1, "user_id:ann"), call(2, "user_id:bob"), call(3, "user_id:cleo"))
    erase(store, "user_id:cleo")
    take_in(store, *(call(at, f"user_id:{at}") for at in range(10, 300)))
    export_bundle(store, place / "bundle")
    return store, place / "bundle"


@pytest.fixture
def vkey(original: tuple[Store, Path]) -> str:
    return original[0].vkey


@pytest.fixture
def bundle(original: tuple[Store, Path], tmp_path: Path) -> Path:
    shutil.copytree(original[1], tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def store(sqlite_settings: Settings) -> Store:
    """Ann and Bob are in."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:ann"), call(2, "user_id:bob"))
    return store


def found(report: Report) -> Where:
    return {(one.name, one.position, one.where) for one in report.findings}


def alone(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ALONE, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_bundle_is_what_the_live_store_is(original: tuple[Store, Path]) -> None:
    store, bundle = original
    live, offline = verify_live(store), verify_bundle(bundle, store.vkey)

    assert found(live) == found(offline) == set()
    assert (live.size, live.root, live.bodies, live.erasures) == (
        offline.size, offline.root, offline.bodies, offline.erasures,
    )  # fmt: skip
    assert "histories" in offline.unproven
    assert "keyring" in offline.unproven


def test_the_verifier_imports_the_standard_library_and_cryptography_alone(vkey: str, bundle: Path) -> None:
    ran = alone(str(bundle), "--key", vkey, "--json")

    assert (ran.returncode, json.loads(ran.stdout)["findings"]) == (0, []), ran.stderr
    others = set(json.loads(ran.stderr.splitlines()[-1])) - set(sys.stdlib_module_names)
    others = {name for name in others if not name.startswith("__") and "sitecustomize" not in name}
    assert others <= {"cryptography", "_cffi_backend", "_openssl", "domain", "governance"}, others


@pytest.mark.parametrize("arguments", [["--key", "nobody"], ["--key", "x+00000000+AAAA"], ["--key", "{bundle}/k"], []])
def test_without_a_key_from_elsewhere_nothing_is_verified(bundle: Path, arguments: list[str], vkey: str) -> None:
    (bundle / "k").write_text(vkey)

    assert alone(str(bundle), *(one.format(bundle=bundle) for one in arguments)).returncode == 2


@pytest.mark.parametrize("content", ["{vkey}\n", "{private}\n", "-----BEGIN PRIVATE KEY-----\n"])
def test_a_key_in_the_bundle_is_refused(vkey: str, bundle: Path, content: str) -> None:
    secret = generate("other", bytes(32))
    (bundle / "log.key").write_text(content.format(vkey=vkey, private=secret))

    report = verify_bundle(bundle, vkey)

    assert (found(report), report.exit_status) == ({("signature", None, "log.key")}, 13)


@pytest.mark.parametrize("path", ["notes.txt", "tile/0/777", "bodies/777", "documents/abc", "tile/entries/000.p/9"])
def test_a_file_that_no_bundle_has_is_altered(vkey: str, bundle: Path, path: str) -> None:
    (bundle / path).parent.mkdir(parents=True, exist_ok=True)
    (bundle / path).write_bytes(b"x")

    assert found(verify_bundle(bundle, vkey)) == {("altered", None, path)}


def test_tiles_of_when_the_log_was_smaller_may_stay(vkey: str, bundle: Path) -> None:
    whole = (bundle / "tile/0/000").read_bytes()
    (bundle / "tile/0/000.p").mkdir()
    (bundle / "tile/0/000.p/9").write_bytes(whole[: 9 * 32])

    assert verify_bundle(bundle, vkey).findings == []


@pytest.mark.parametrize(
    ("path", "finding"),
    [
        ("checkpoint", ("missing", None)),
        ("manifest.json", ("altered", None)),
        ("tile/0/000", ("missing", 0)),
        ("tile/1/000.p/*", ("missing", 0)),
        ("tile/entries/000", ("missing", 0)),
        ("bodies/000", ("missing", 0)),
    ],
)
def test_a_file_that_is_not_there_is_named(vkey: str, bundle: Path, path: str, finding: tuple[str, int | None]) -> None:
    [file] = bundle.glob(path)
    file.unlink()

    assert (*finding, file.relative_to(bundle).as_posix()) in found(verify_bundle(bundle, vkey))


def test_a_text_that_is_not_there_or_another_is_named(vkey: str, bundle: Path) -> None:
    [text] = (bundle / "documents").iterdir()
    text.write_text("another policy")

    assert found(verify_bundle(bundle, vkey)) == {("altered", 1, "documents")}


@pytest.mark.parametrize("manifest", ["", "{}", "[" * 60_000, '{"vkey": "x"}'])
def test_nothing_is_believed_because_the_manifest_says_it(vkey: str, bundle: Path, manifest: str) -> None:
    (bundle / "manifest.json").write_text(manifest)

    assert found(verify_bundle(bundle, vkey)) == {("altered", None, "manifest.json")}


def test_a_size_that_nobody_could_keep_ends_where_the_files_do(bundle: Path, vkey: str) -> None:
    size, root = 2**62, bytes(32)
    false = signer(generate(vkey.partition("+")[0], bytes(32)))
    (bundle / "checkpoint").write_text(false.sign_tree_head(false.key.name, size, root))
    os.mkfifo(bundle / "pipe")

    report = verify_bundle(bundle, vkey)

    assert "signature" in {one.name for one in report.findings}
    assert report.exit_status == 13


@pytest.mark.parametrize("note", ["", "no note\n", "example.com/log\n1\n\n"])
def test_a_tree_head_that_nobody_signed_is_a_signature_finding(vkey: str, bundle: Path, note: str) -> None:
    (bundle / "checkpoint").write_text(note)

    report = verify_bundle(bundle, vkey)

    assert (report.exit_status, report.unproven[0]) == (13, "histories")


def test_saved_heads_of_this_log_are_signed_and_a_beginning_of_it(store: Store, tmp_path: Path) -> None:
    bundle, saved = tmp_path / "bundle", tmp_path / "saved"
    export_bundle(store, bundle)
    saved.mkdir()
    (saved / "now").write_text(tree_head(store).note)
    (saved / "not a head").write_bytes(b"\xff")
    other = signer(generate("other.example/log", bytes(32)))
    (saved / "of another log").write_text(other.sign_tree_head("other.example/log", 3, bytes(32)))
    kept = verify_bundle(bundle, store.vkey, saved=saved)
    assert (kept.findings, kept.heads, "histories" in kept.unproven) == ([], 1, False)

    false = signer(generate(store.origin, bytes(32)))
    (saved / "false").write_text(false.sign_tree_head(store.origin, 3, bytes(32)))
    (saved / "fork").write_text(store.sign(5, bytes(32)))
    take_in(store, call(999, "user_id:ann"))
    (saved / "longer").write_text(tree_head(store).note)

    for report in (verify_bundle(bundle, store.vkey, saved=saved), verify_live(store, saved=saved)):
        assert ("signature", None, "saved/false") in found(report)
        assert ("rollback", 0, "saved/fork") in found(report)
        assert report.exit_status == 13
    assert ("rollback", report.size, "saved/longer") not in found(report)
    size = json.loads((bundle / "manifest.json").read_text())["size"]
    assert ("rollback", size, "saved/longer") in found(verify_bundle(bundle, store.vkey, saved=saved))


def test_a_live_audit_believes_the_pinned_key_and_not_the_one_beside_the_store(store: Store) -> None:
    other = signer(generate(store.origin, bytes(32)))

    with pytest.raises(BadKey):
        verify_live(store, vkey="no key")
    assert found(verify_live(store, vkey=print_vkey(other.key))) == {("signature", None, "log.head.note")}


def test_an_export_is_a_disclosure_and_its_act_the_last_entry(store: Store, tmp_path: Path) -> None:
    told = export_bundle(store, tmp_path / "bundle", reason="authority")

    [entry] = store.log.contents([told["size"] - 1])
    act = parse(entry.act or "", entry.fields or "")
    assert act == Opened(door="export", role="admin", reason="authority", case=told["case"])


def test_an_export_is_whole_or_not_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_settings: Settings
) -> None:
    write = bundling._write

    def erased_meanwhile(*arguments: Any) -> int:
        count = write(*arguments)
        erase(open_store(sqlite_settings), "user_id:bob")
        return count

    monkeypatch.setattr(bundling, "_write", erased_meanwhile)
    with pytest.raises(RemovedMeanwhile):
        export_bundle(store, tmp_path / "out" / "bundle")
    monkeypatch.undo()

    assert list((tmp_path / "out").iterdir()) == []
    export_bundle(store, tmp_path / "out" / "bundle")
    assert verify_bundle(tmp_path / "out" / "bundle", store.vkey).findings == []
    with pytest.raises(BadInput):
        export_bundle(store, tmp_path / "out" / "bundle")


def test_who_may_not_audit_exports_nothing(store: Store, tmp_path: Path) -> None:
    size = store.log.head().size
    service = replace(store, caller=replace(store.caller, roles=frozenset({"service"})))

    with pytest.raises(NotPermitted):
        export_bundle(service, tmp_path / "bundle")
    assert (store.log.head().size, (tmp_path / "bundle").exists()) == (size, False)


def test_a_report_says_what_it_cannot_prove_in_both_languages(vkey: str, bundle: Path) -> None:
    text = text_of(verify_bundle(bundle, vkey))

    assert "a second history for somebody else, cannot be excluded" in text
    assert "证据包不含密钥" in text
    assert text.splitlines()[-1].endswith("0 findings")


def test_a_key_may_be_named_by_a_file(tmp_path: Path, store: Store) -> None:
    (tmp_path / "pinned").write_text(store.vkey + "\n")

    assert pinned(str(tmp_path / "pinned")) == pinned(store.vkey) == store.vkey


@pytest.mark.skipif(not FOREIGN.exists(), reason="the vectors of others are not here")
def test_a_log_that_others_wrote_is_accepted_with_its_sixteen_heads(tmp_path: Path) -> None:
    report = verify_bundle(FOREIGN, FOREIGN_KEY, saved=FOREIGN, tree_only=True)

    assert (report.findings, report.entries, report.heads) == ([], 15, 16)
    assert "entries" in report.unproven
    assert verify_bundle(FOREIGN, FOREIGN_KEY).exit_status == 10  # its entries are not of this product

    copy = tmp_path / "copy"
    shutil.copytree(FOREIGN, copy)
    path = copy / TileName(0, 0, 15).path
    path.chmod(0o600)
    path.write_bytes(Frontier().root() + path.read_bytes()[32:])
    assert verify_bundle(copy, FOREIGN_KEY, tree_only=True).exit_status == 10
