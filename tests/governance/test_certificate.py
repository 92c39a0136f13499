"""A certificate that is checked says what the log proves, in known words, and nothing else."""

import copy
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.settings import Settings
from domain.clock import DAY
from domain.errors import BadInput, LetheError, NotFound
from domain.note import BadNote, BadSignature
from domain.proofs import BadProof
from governance.certificate import BEYOND, certificate
from governance.certificate_check import Subject, read, statement, verify, verify_text
from governance.dsse import PAYLOAD_TYPE, enveloped, pae
from governance.erasure import erase
from governance.proven import canonical, proof_file
from governance.retention import apply
from governance.rotation import rotate
from governance.signing import generate, signer
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import NOW, call, make_store, settings_for, take_in

Document = dict[str, Any]
ANN = "user_id:ann"

FORGERIES: dict[str, Callable[[Document], Any]] = {
    "another kind": lambda one: one.update(kind="retention"),
    "another reach": lambda one: one.update(reach="beyond_backups"),
    "origin": lambda one: one.update(origin="another.example/log"),
    "key": lambda one: one.update(vkey="another.example/log+00000000+AAAA"),
    "case": lambda one: one.update(case="0" * 32),
    "receipt": lambda one: one.update(receipt="0" * 64),
    "day": lambda one: one.update(day="2026-01-01"),
    "executor": lambda one: one.update(executor="0" * 32),
    "statement": lambda one: one["statement"].update(en="All backups were destroyed too."),
    "another language": lambda one: one["statement"].update(fr="Tout est parti."),
    "not covered": lambda one: one["not_covered"][0].update(en="Nothing."),
    "covered": lambda one: one["not_covered"].pop(),
    "what was destroyed": lambda one: one["destroyed"].update(bodies=99),
    "true for one": lambda one: one["destroyed"].update(bodies=True),
    "1.0 for one": lambda one: one["destroyed"].update(bodies=1.0),
    "level": lambda one: one["destroyed"].update(level="key_generation"),
    "residue in the old place": lambda one: one.update(residue={"found": 0}),
    "residue": lambda one: one["unproven"].update(residue={"found": 7}),
    "ground": lambda one: one["unproven"].update(ground={"code": "pipl", "en": "", "zh": ""}),
    "another promise": lambda one: one.update(promise="for ever"),
    "position": lambda one: one["acts"][0].update(position=0),
    "a word on an act": lambda one: one["acts"][0].update(at="noon"),
    "as the first format": lambda one: one.update(format="lethe-certificate/1"),
}


class Sample(NamedTuple):
    """A certificate that holds, the key that its verifier pinned, and the store that it is from."""

    document: Document
    vkey: str
    store: Store


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    place = tmp_path_factory.mktemp("certified")
    return sample_in(settings_for(str(place / "store"), place))


@pytest.fixture
def true(sample: Sample) -> Sample:
    """A copy of its own of the certificate; of the store the signing key alone is used."""
    return sample._replace(document=copy.deepcopy(sample.document))


def sample_in(settings: Settings) -> Sample:
    store = make_store(settings)
    take_in(store, call(1, ANN))
    case = bytes.fromhex(erase(store, ANN).case)
    return Sample(certificate(store, case, residue={"found": 0}), store.vkey, store)


def signed_anew(true: Sample, forge: Callable[[Document], Any], *, subjects: Any = None) -> Document:
    """A forgery that the true key signed: by a store that says what its log does not."""
    forged = copy.deepcopy(true.document)
    forge(forged)
    payload = json.loads(b64decode(forged.pop("envelope")["payload"]))
    found = [Subject(**one) for one in payload["subject"]] if subjects is None else subjects(payload["subject"])
    return forged | {"envelope": enveloped(statement(found, forged), true.vkey, true.store.sign_bytes)}


def test_a_certificate_names_its_case_day_and_executor(true: Sample) -> None:
    document, vkey, store = true

    checked = verify(document, vkey)

    assert (checked.kind, checked.reach, checked.case) == ("erasure", "live", document["case"])
    assert checked.positions == [document["acts"][0]["position"]]
    assert (document["day"], document["executor"]) == ("2026-11-23", store.actor.hex())
    destroyed = document["destroyed"]
    assert (destroyed["keys"], destroyed["bodies"], destroyed["level"]) == (3, 2, "data_key")
    assert document["unproven"]["residue"] == {"found": 0}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_claim_holds_that_the_log_does_not_prove(true: Sample, forgery: str) -> None:
    forged = copy.deepcopy(true.document)
    FORGERIES[forgery](forged)

    with pytest.raises(BadProof):
        verify(forged, true.vkey)


@pytest.mark.parametrize(
    "forgery", [name for name in FORGERIES if name not in ("residue", "ground", "as the first format")]
)
def test_nor_does_one_that_the_log_s_own_key_signed(true: Sample, forgery: str) -> None:
    with pytest.raises(BadProof):
        verify(signed_anew(true, FORGERIES[forgery]), true.vkey)


@pytest.mark.parametrize(
    "subjects",
    [
        lambda found: [Subject(**one) for one in found[1:]],
        lambda found: [Subject(**one) for one in [*found, found[0]]],
        lambda found: [Subject(**(one | {"name": "0" * 32})) for one in found],
        lambda found: [Subject(**(one | {"digest": {"sha256": "0" * 64}})) for one in found],
        lambda found: [Subject(**(one | {"annotations": {"position": 10**6}})) for one in found],
        lambda found: [],
    ],
    ids=["one less", "one more", "others", "of another kind", "committed to afterwards", "none"],
)
def test_a_statement_about_other_keys_than_the_acts_name_does_not_hold(true: Sample, subjects: Any) -> None:
    with pytest.raises(BadProof):
        verify(signed_anew(true, lambda _: None, subjects=subjects), true.vkey)


def test_an_envelope_that_another_key_signed_does_not_hold(true: Sample) -> None:
    stranger = signer(generate("example.com/log", b"s" * 32))
    payload = b64decode(true.document["envelope"]["payload"])
    [line] = true.document["envelope"]["signatures"]
    sig = b64encode(stranger.sign_bytes(pae(PAYLOAD_TYPE, payload))).decode()

    for signatures in ([{**line, "sig": sig}], [line, {"keyid": "other", "sig": sig}], [{**line, "note": ""}]):
        envelope = true.document["envelope"] | {"signatures": signatures}
        with pytest.raises((BadSignature, BadInput)):
            verify(true.document | {"envelope": envelope}, true.vkey)


@pytest.mark.parametrize("name", ["acts", "unproven", "envelope", "format"])
def test_what_lacks_its_parts_is_no_certificate(true: Sample, name: str) -> None:
    del true.document[name]

    with pytest.raises(BadInput):
        verify(true.document, true.vkey)


@pytest.mark.parametrize(
    "text", ["", "[]", "7", "null", '{"a":1}', "[" * 100_000, '{"payloadType":"x"}', '{"format":"\\ud800"}']
)
def test_any_other_text_is_no_certificate(true: Sample, text: str) -> None:
    with pytest.raises(BadInput):
        verify_text(text, true.vkey)


def test_a_name_that_stands_twice_is_refused_as_readers_would_not_agree(true: Sample) -> None:
    text = json.dumps(true.document)

    with pytest.raises(BadInput):
        read(text.replace('{"format"', '{"case": "' + "0" * 32 + '", "format"', 1))


def test_whichever_byte_changes_the_facts_stay_or_it_is_refused(true: Sample) -> None:
    text = json.dumps(true.document, indent=1).encode()
    facts = canonical(true.document)
    for at in range(0, len(text), 5):
        changed = text[:at] + bytes([text[at] ^ (1 << at % 8)]) + text[at + 1 :]
        try:
            checked = verify_text(changed.decode(), true.vkey)
        except (LetheError, UnicodeDecodeError):
            continue
        assert canonical(checked.document) == facts, at


def test_the_envelope_alone_says_as_much(true: Sample) -> None:
    checked = verify_text(json.dumps(true.document["envelope"]), true.vkey)

    assert canonical(checked.document) == canonical(true.document)


def test_the_proof_of_an_act_is_enough_to_check_it(true: Sample) -> None:
    checked = verify_text(proof_file(true.document["acts"][0]), true.vkey)

    assert (checked.kind, checked.case) == ("erasure_executed", true.document["case"])
    with pytest.raises(BadInput):
        verify_text(true.document["acts"][0]["proof"], true.vkey)  # without its leaf


def test_the_key_commitments_are_those_of_the_keys_that_were(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN), call(2, ANN, name="Order Completed"), call(3, "user_id:bob"))
    with store.keyring.database.reading() as rows:
        keys = store.keyring.open(rows.keys_of(component(store, find(store, ANN)).ids), keep=False)
    expected = {
        one.key_id.hex(): HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kc" + one.key_id).derive(one.raw).hex()
        for one in keys
    }

    document = certificate(store, bytes.fromhex(erase(store, ANN).case))

    subjects = json.loads(b64decode(document["envelope"]["payload"]))["subject"]
    assert {one["name"]: one["digest"]["hkdf-sha256-kc"] for one in subjects} == expected
    for one in subjects:
        [entry] = store.log.contents([one["annotations"]["position"]])
        assert f'["{one["name"]}","{expected[one["name"]]}"]' in str(entry.fields)


def test_the_end_of_a_retention_period_has_a_certificate_of_its_kind(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN))
    [outcome] = apply(replace(store, clock=lambda: NOW + 800 * DAY))

    document = certificate(store, bytes.fromhex(outcome.case))

    checked = verify(document, store.vkey)
    assert (checked.kind, checked.receipt) == ("retention", None)
    assert document["period"] == {"class": "behaviour", "month": "2026-11"}
    assert document["unproven"]["ground"]["code"] == "retention"
    with pytest.raises(BadProof):
        verify({**document, "period": {"class": "commerce", "month": "2026-11"}}, store.vkey)


def test_after_a_rotation_it_reaches_beyond_backups(sqlite_settings: Settings) -> None:
    document, vkey, store = sample_in(sqlite_settings)
    done = rotate(store)

    later = certificate(store, bytes.fromhex(document["case"]))

    checked = verify(later, vkey)
    assert checked.reach == later["reach"] == "beyond_backups"
    assert later["beyond_backups"]["act"]["position"] == done.position
    proven = verify_text(proof_file(later["beyond_backups"]["act"]), vkey)
    assert (proven.kind, proven.positions) == ("generation_rotated", [done.position])
    less = {name: value for name, value in later.items() if name != "beyond_backups"}
    with pytest.raises(BadProof):
        verify(less, vkey)
    with pytest.raises(BadProof):
        verify(document | {"beyond_backups": later["beyond_backups"]}, vkey)


def test_a_rotation_from_before_the_erasure_is_not_beyond_backups(sqlite_settings: Settings) -> None:
    true = sample_in(sqlite_settings)
    store = true.store
    early = rotate(store)
    take_in(store, call(9, "user_id:eve"))
    second = certificate(store, bytes.fromhex(erase(store, "user_id:eve").case))
    older = certificate(store, bytes.fromhex(true.document["case"]))["beyond_backups"]
    assert older["act"]["position"] == early.position

    forged = signed_anew(Sample(second, true.vkey, store), lambda one: one.update(beyond_backups=older, reach=BEYOND))

    with pytest.raises(BadProof):
        verify(forged, true.vkey)


def test_signatures_of_witnesses_on_the_tree_head_are_carried_and_do_no_harm(true: Sample) -> None:
    cosigned = "\u2014 witness.example/w1 " + b64encode(b"wit1" + bytes(72)).decode() + "\n"

    def witnessed(one: Document) -> None:
        one["acts"][0]["proof"] += cosigned

    document = signed_anew(true, witnessed)

    assert verify(document, true.vkey).positions == verify(true.document, true.vkey).positions
    assert proof_file(document["acts"][0]).endswith(cosigned)
    verify_text(proof_file(document["acts"][0]), true.vkey)
    with pytest.raises(BadNote):
        verify(signed_anew(true, lambda one: one["acts"][0].update(proof=one["acts"][0]["proof"] + "x")), true.vkey)


def test_an_erasure_of_many_keys_is_proven_by_every_one_of_its_acts(
    sqlite_settings: Settings, monkeypatch: Any
) -> None:
    monkeypatch.setattr("governance.removals.KEYS_AN_ACT", 1)
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN), call(2, ANN, name="Order Completed"))
    document = certificate(store, bytes.fromhex(erase(store, ANN).case))
    assert len(document["acts"]) == document["destroyed"]["keys"] == 4

    verify(document, store.vkey)

    acts = document["acts"]
    for some in (acts[:2], acts[1:], acts[::-1], acts[:0]):
        with pytest.raises(BadProof):
            verify(document | {"acts": some}, store.vkey)


def test_a_case_that_is_not_carried_out_has_no_certificate(true: Sample) -> None:
    with pytest.raises(NotFound):
        certificate(true.store, bytes(16))


@pytest.mark.parametrize("more", [{"x": 1}, {"residue": {"found": "no"}}, {"ground": "gdpr"}, {"kept": {}}])
def test_what_is_unproven_has_known_fields_alone(true: Sample, more: Document) -> None:
    with pytest.raises(BadInput):
        verify(signed_anew(true, lambda one: one["unproven"].update(more)), true.vkey)
