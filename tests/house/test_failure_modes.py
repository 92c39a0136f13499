"""What goes wrong in stores of this kind: each way has a test that names it, or is a known limit."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\b[KISRG]\d{1,2}\b")

MODES = {
    "K1": "a backup of keys brings the erased back",
    "K2": "a key is made again for the erased",
    "K3": "keys are derived, or shared",
    "K4": "the key store is away: clear text is stored, or events are lost",
    "K5": "a key is said to be destroyed before it is",
    "K6": "another process keeps a key in its cache",
    "K7": "a sealed body passes for another's",
    "K8": "a nonce is used twice after a restore or a fork",
    "K9": "a key's id links entries after the erasure",
    "K10": "ciphertext of the erased waits for its algorithm to break",
    "K11": "data lies under more keys than its person's, or a key opens others' data",
    "I1": "a pseudonym is the same after the erasure",
    "I2": "an identifier is kept as an unkeyed hash",
    "I3": "the suppression list keeps identities",
    "I4": "suppression is not loaded, and lets everybody in",
    "I5": "answers tell who is suppressed",
    "I6": "only one of several identifiers is erased",
    "I7": "a merge after the erasure makes the profile anew",
    "I8": "history goes to another person: an un-merge, a shared device",
    "I9": "too many are erased: a placeholder, a shared address",
    "I10": "a new person with an old identifier is taken for the old one",
    "I11": "identifiers are in subjects, addresses, metrics or traces",
    "I12": "a requester is not verified",
    "S1": "pages, WAL or journal keep erased bytes",
    "S2": "a search index keeps words",
    "S3": "PostgreSQL keeps them: heap, statistics, WAL, log",
    "S4": "temporary files, swap and core dumps keep them",
    "S5": "the medium keeps them",
    "S6": "what cannot be read is skipped, and success reported",
    "S7": "refused records, retries and what recognises duplicates keep them",
    "S8": "snapshots of projections keep them",
    "S9": "exports keep them",
    "S10": "a package is there after its day",
    "R1": "an append races with the erasure",
    "R2": "a projection under way writes the profile back",
    "R3": "a process that stood still writes it back",
    "R4": "a crash between two steps",
    "R5": "a rebuild brings the erased back",
    "R6": "replay and erasure do not commute",
    "R7": "a read of the past shows the erased",
    "R8": "late events of the erased are stored",
    "R9": "the client's clock decides what is removed",
    "R10": "a restored backup is older than the erasure",
    "R11": "replicas lag behind",
    "R12": "requests are repeated, cancelled, made at once",
    "R13": "a request about nobody leaves a trace, or tells that there is nobody",
    "R14": "the erasure of very many blocks the rest",
    "G1": "an erasure meets a hold",
    "G2": "a hold comes after the erasure began",
    "G3": "hold, duty to keep, erasure and retention contradict each other",
    "G4": "retention silently does not run",
    "G5": "restricted data leaks through another door",
    "G6": "consent is withdrawn, and projections go on",
    "G7": "consent is looked at only when data comes in",
    "G8": "the proof of consent is lost, or kept forever",
    "G9": "recipients are not told, and nobody notices",
    "G10": "a callback is forged",
    "G11": "a callback reaches into the network",
    "G12": "a deadline is miscalculated",
    "G13": "operators read data through tools of support or audit",
    "G14": "the same name in two tenants is one person",
    "G15": "erasure exists, and nothing leads to it",
    "G16": "a correction does not reach what was derived, or recipients",
}


def named_by_tests() -> Iterator[str]:
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield from NAME.findall(ast.get_docstring(node) or "")


def test_every_failure_mode_is_named_by_a_test_or_is_a_known_limit() -> None:
    limits = set(NAME.findall((ROOT / "docs" / "limits.md").read_text(encoding="utf-8")))
    tested = set(named_by_tests())

    assert MODES.keys() - tested - limits == set()
    assert (tested | limits) - MODES.keys() == set()
    assert len(MODES.keys() - tested) < len(MODES) // 10, "a limit is the exception"
