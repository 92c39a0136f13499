"""A small strict witness of tree heads (C2SP tlog-witness), its record on disk before it answers."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.cosignatures import cosignature, cosigned_bytes
from domain.note import COSIGNATURE, BadNote, VerifierKey, encode64, parse_note, parse_vkey, print_vkey
from domain.proofs import BadProof, verify_consistency
from domain.treehead import parse_tree_head
from governance.signing import verify_ed25519

Reply = tuple[int, str, bytes]
TIME = 1_700_000_000


class Witness:
    """Knows some logs by their keys; remembers what it cosigned last of each in a file."""

    def __init__(self, record: Path, *logs: str, name: str = "witness.example/w1", seed: int = 2) -> None:
        self.record = record
        self.logs = list(logs)
        self._secret = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.key = VerifierKey(name, COSIGNATURE, self._secret.public_key().public_bytes_raw())
        self.vkey = print_vkey(self.key)
        self.url = ""
        self.forced: list[Reply] = []  # given as the next answers, whatever is asked
        self.asked: list[bytes] = []
        self._lock = Lock()

    def answer(self, body: bytes) -> Reply:
        with self._lock:
            self.asked.append(body)
            return self.forced.pop(0) if self.forced else self._judged(body)

    def _judged(self, body: bytes) -> Reply:
        top, _, note = body.decode().partition("\n\n")
        first, *proof = top.split("\n")
        found = re.fullmatch(r"old (0|[1-9][0-9]*)", first)
        try:
            parsed = parse_note(note)
            head = parse_tree_head(parsed.text)
        except BadNote:
            return 400, "text/plain", b"no checkpoint\n"
        keys = [key for key in map(parse_vkey, self.logs) if key.name == head.origin]
        if not keys:
            return 404, "text/plain", b"unknown log\n"
        if not any(self._signed(parsed, key) for key in keys):
            return 403, "text/plain", b"not signed\n"
        if found is None or len(proof) > 63 or int(found[1]) > head.size:
            return 400, "text/plain", b"bad old size\n"
        known = json.loads(self.record.read_text()) if self.record.exists() else {}
        old, root = known.get(head.origin, [0, ""])
        if int(found[1]) != old:
            return 409, "text/x.tlog.size", b"%d\n" % old
        hashes = [b64decode(line, validate=True) for line in proof]
        try:
            if old:
                verify_consistency(old, head.size, hashes, bytes.fromhex(root), head.root)
        except BadProof:
            return 422, "text/plain", b"not consistent\n"
        if not old and hashes:
            return 422, "text/plain", b"a proof of nothing\n"
        self.record.write_text(json.dumps({**known, head.origin: [head.size, head.root.hex()]}))  # First.
        line = cosignature(self.key, TIME, self._secret.sign(cosigned_bytes(parsed.text, TIME)))
        return 200, "text/plain", f"\u2014 {line.name} {encode64(line.key_id + line.signature)}\n".encode()

    def _signed(self, note, key) -> bool:  # type: ignore[no-untyped-def]
        mine = [line for line in note.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
        return any(verify_ed25519(key.public, line.signature, note.text.encode()) for line in mine)


@contextmanager
def serving(witness: Witness) -> Iterator[Witness]:
    """Over HTTP on this machine; the witness gets its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_right = self.path == "/prefix/add-checkpoint"
            status, kind, content = witness.answer(body) if is_right else (599, "text/plain", b"")
            self.send_response(status)
            self.send_header("content-type", kind)
            if 300 <= status < 400:
                self.send_header("location", witness.url)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    witness.url = f"http://127.0.0.1:{server.server_port}/prefix"
    try:
        yield witness
    finally:
        server.shutdown()
        server.server_close()
