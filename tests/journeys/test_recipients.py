"""Recipients: each is told what became of what it was given, over a real connection, until it has answered."""

import base64
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.settings import Settings
from adapters.webhooks import post
from adapters.wiring import open_store
from domain.errors import NotFound
from governance.access import Reader
from governance.callbacks import Callback, Forbidden, callback
from governance.notifying import Answer, overall
from governance.policy import default_text
from governance.recipients import acknowledge, deliver, notices_of, tell
from governance.subjects import find
from tests.journeys.conftest import Lethe, days, view

BROKEN, REDIRECT, GOOD = 503, 307, 200


@dataclass
class Partner:
    """A recipient's server on this machine, with a certificate of its own."""

    port: int = 0
    certificate: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/lethe"


@pytest.fixture
def partner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Partner]:
    known = Partner(certificate=str(_certificate(tmp_path)))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(known.answers.pop(0))
            self.send_header("location", known.url + "/elsewhere")
            self.send_header("retry-after", "120")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(known.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        known.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("SSL_CERT_FILE", known.certificate)
        yield known
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_an_erasure_is_told_to_whom_the_person_was_disclosed_until_it_answers(
    lethe: Lethe, partner: Partner, tmp_path: Path
) -> None:
    """G9 G10 I11: exactly the recipients of the ledger, by pairwise id, signed, again and again until acknowledged."""
    lethe.json("init", "--policy", lethe.file("policy.toml", _policy(partner)))
    lethe.json("ingest", lethe.file("days.jsonl", *days(), view("3", "c1", anonymousId="tablet")))
    ids = {
        (name, person): lethe.json("profile", person, "--purpose", "personalization", "--recipient", name)["subject"]
        for name, person in [("partner", "user_id:1"), ("letters", "user_id:1"), ("partner", "user_id:2")]
    }
    lethe.json("profile", "user_id:1", "--purpose", "personalization")
    assert lethe.json("recipient", "deliver") == {"tried": [], "waiting": 0}
    answer = lethe("erase", "user_id:1", "--yes", "--json")
    erased = answer.document
    assert (answer.status, erased["status"], erased["residue"]["found"]) == (5, "partial", 0)
    assert erased["recipients"] == ["letters", "partner", "tester"]
    key = lethe.json("recipient", "key", "partner")["key"]

    partner.answers += [BROKEN, REDIRECT, GOOD]
    seen = []
    for moment in ("12:00:00", "12:00:30", "12:02:01", "12:03:00", "12:06:30", "13:00:00"):
        ran = lethe.without(LETHE_NOW=f"2026-11-23T{moment}Z")("recipient", "deliver", "--json")
        seen.append((ran.status, [(one["recipient"], one["status"], one["attempt"]) for one in ran.document["tried"]]))

    by_hand, due = ("letters", "escalated", 1), "partner"
    assert seen == [
        (5, [by_hand, (due, "failed", 1)]), (5, []), (5, [(due, "failed", 2)]), (5, []),
        (0, [(due, "acknowledged", 3)]), (0, []),
    ]  # fmt: skip
    assert len({headers["webhook-id"] for headers, _ in partner.received}) == 1, "every try is the same notice"
    for headers, body in partner.received:
        event = json.loads(body)
        assert (event["type"], event["data"]) == (
            "subject.erasure.completed", {"subjects": [ids["partner", "user_id:1"]]},
        )  # fmt: skip
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.digest(base64.b64decode(key.removeprefix("whsec_")), content, "sha256")
        assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
        assert erased["request"] not in body.decode() + str(headers)
    waiting = {one["recipient"]: one["notices"] for one in lethe.json("recipient", "list", "--case", erased["request"])}
    assert {name: one["status"] for name, [one] in waiting.items()} == {"letters": "escalated", due: "acknowledged"}
    told = lethe.json("recipient", "acknowledge", "letters", "--case", erased["request"])
    assert (told["status"], told["zh"]) == ("acknowledged", "已确认。")
    assert lethe("recipient", "acknowledge", "idle", "--case", erased["request"]).status == 4
    assert lethe("recipient", "key", "nobody").status == 4
    assert lethe.json("rebuild", "--check")["differences"] == []


def test_a_restriction_is_told_of_a_person_who_was_known_by_two_ids(
    embedded: Lethe, sqlite_settings: Settings, partner: Partner
) -> None:
    """G9: a merge joins the ids; one recipient that fails keeps no other waiting; those of the house are not told."""
    embedded.json("init", "--policy", embedded.file("policy.toml", _policy(partner)))
    embedded.json(
        "ingest", embedded.file("a.jsonl", view("1", "a"), {**view("", "b"), "userId": None, "anonymousId": "x"})
    )
    for person in ("user_id:1", "anonymous_id:x"):
        embedded.json("profile", person, "--purpose", "personalization", "--recipient", "partner")
    embedded.json("ingest", embedded.file("c.jsonl", view("1", "c", anonymousId="x")))
    embedded.json("profile", "user_id:1", "--purpose", "personalization", "--recipient", "forgetful")
    store = open_store(sqlite_settings)
    case = tell(store, find(store, "user_id:1"), "restriction")
    assert case is not None

    partner.answers += [GOOD]
    tries = deliver(store, post)

    assert [(one.notice.recipient, one.notice.status) for one in tries] == [
        ("forgetful", "failed"), ("partner", "acknowledged"),
    ]  # fmt: skip
    [(_, body)] = partner.received
    event = json.loads(body)
    assert (event["type"], len(event["data"]["subjects"])) == ("subject.restricted", 2)
    assert acknowledge(store, case, "forgetful").status == "acknowledged"
    assert overall({name: one.status for name, one in notices_of(store, case).items()}) == "completed"
    with pytest.raises(NotFound):
        acknowledge(store, case, "tester")
    Reader(store, "tester").read("user_id:1", "service")
    embedded.json("ingest", embedded.file("d.jsonl", view("4", "d")))
    Reader(store, "tester").read("user_id:4", "service")
    assert tell(store, find(store, "user_id:4"), "restriction") is None


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1"])
def test_a_name_that_resolves_into_a_network_is_not_called(host: str, partner: Partner) -> None:
    """G11: what is checked is the address that the connection goes to."""
    with pytest.raises(Forbidden):
        post(Callback(host, partner.port, "/", False), b"{}", {})

    assert partner.received == []


def test_a_server_with_a_strangers_certificate_is_told_nothing(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G10 G11."""
    assert post(Callback("127.0.0.1", partner.port, "/", True), b"{}", {}) == Answer(0), "the name is another"
    monkeypatch.delenv("SSL_CERT_FILE")
    assert post(callback(partner.url, allow_private=True), b"{}", {}) == Answer(0), "nobody vouches for it"
    assert partner.received == []


def _policy(partner: Partner) -> str:
    purposes = 'purposes = ["personalization"]'
    return default_text() + "\n".join(
        [
            "", "[recipients.partner]", purposes, f'url = "{partner.url}"', "allow_private = true",
            "[recipients.letters]", purposes, "[recipients.idle]", purposes, f'url = "{partner.url}"',
            "allow_private = true", "[recipients.forgetful]", purposes, 'url = "https://localhost:9/"',
            "allow_private = true", "",
        ]
    )  # fmt: skip


def _certificate(folder: Path) -> Path:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "partner.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
