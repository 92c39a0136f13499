"""An erasure certificate: the act, its place in the log, and the signed tree head; checked without the store."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.acts import GenerationRotated, Removal
from domain.errors import BadInput, NotFound
from domain.log import Entry, leaf
from domain.note import parse_vkey
from domain.proofs import BadProof, inclusion_proof
from domain.treehead import ProofFile, print_proof
from governance.removals import EXECUTED, removals
from governance.roles import require
from governance.rotation import ROTATED, beyond_backups
from governance.signing import verify_tlog_proof
from governance.store import Store
from governance.vouched import vouching_head

FORMAT = "lethe-certificate/1"
UNPROVEN, BEYOND = "unproven", "beyond_backups"

NOT_COVERED = {
    "backups": (
        "Backups of the keyring made before this date open until the key generation is rotated.",
        "在此日期之前制作的密钥环备份，在密钥代轮换之前仍可打开。",
    ),
    "storage_medium": (
        "Old blocks of the storage medium; the guarantee rests on the destroyed keys.",
        "存储介质上的旧数据块；保证以密钥已被销毁为基础。",
    ),
    "server_dead_rows": (
        "Sealed bodies in dead rows until the database server reuses their pages; their keys are destroyed.",
        "数据库服务器重用页面之前，死行中的加密内容；其密钥已被销毁。",
    ),
    "server_wal": (
        "The database server's write-ahead log until it is recycled; key rotation ends this.",
        "数据库服务器的预写日志（在被回收之前）；密钥轮换可消除此情况。",
    ),
    "server_wal_archive": (
        "Archived write-ahead logs; key rotation ends this.",
        "已归档的预写日志；密钥轮换可消除此情况。",
    ),
    "hold": (
        "Data that a hold or a legal duty keeps; nobody else can open it, and it goes when that ends.",
        "因法律保全或法定义务而保留的数据；其他任何人均无法打开，期满即删除。",
    ),
    "replicas": ("Replicas that have not applied the deletion yet.", "尚未应用此次删除的副本。"),
}
STATEMENT = (
    "The keys of this person were destroyed and the sealed bodies removed. "
    "What is listed as not covered is not claimed.",
    "此人的密钥已被销毁，加密内容已被删除。列为“未涵盖”的部分不作任何声明。",
)

BEYOND_STATEMENT = (
    "The key generation that wrapped this person's keys was destroyed after the keys: "
    "copies of the keyring from before open nothing of this person any more.",
    "在此人的密钥被销毁之后，曾包装这些密钥的密钥代也已被销毁：此前的密钥环副本不再能打开此人的任何数据。",
)


def certificate(store: Store, case: bytes, *, residue: dict[str, Any] | None = None) -> dict[str, Any]:
    """The certificate of a completed case. Raises NotPermitted, and NotFound for one that is not carried out."""
    require(store, "audit", "erase")
    acts = removals(store, EXECUTED, case)
    if not acts:
        raise NotFound
    rotated = beyond_backups(store, acts[-1][0].position)
    head = vouching_head(store, [entry.position for entry, _ in acts] + ([rotated.position] if rotated else []))
    kept = {"classes": ["evidence"], "months": store.policy.months("evidence")}
    return {
        **_claims([act for _, act in acts], store.vkey),
        **({BEYOND: _beyond(_proven(store, rotated, head.size, head.note))} if rotated else {}),
        "acts": [_proven(store, entry, head.size, head.note) for entry, _ in acts],
        UNPROVEN: {"kept": kept, "residue": residue},
    }


def verify(document: Any, vkey: str) -> list[int]:
    """The proven positions of the acts: all parts of one case, and nothing claimed that they do not say.

    What stands under `unproven` is the word of who made the certificate: nothing here speaks for it.

    Raises BadInput for what is no certificate, and BadProof, BadNote or BadSignature for what does not hold.
    `vkey` is pinned by the verifier: the one inside the document proves nothing.
    """
    try:
        proven = [_proven_act(act, vkey) for act in document["acts"]]
        claims = {name: claim for name, claim in document.items() if name not in {"acts", UNPROVEN, BEYOND}}
        if BEYOND in document:
            _require_beyond(document[BEYOND], vkey, after=max(position for position, _ in proven))
        codes = {one["code"] for one in document["not_covered"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput("certificate", "document", f"a certificate of the format {FORMAT}") from error
    acts = [act for _, act in proven]
    if [(act.part, act.parts) for act in acts] != [(place + 1, len(acts)) for place in range(len(acts))] or not acts:
        raise BadProof("the certificate does not hold every act of its case")
    if any(_shared(act) != _shared(acts[0]) for act in acts):
        raise BadProof("the acts are not of one case")
    if codes != set(acts[0].uncovered) or not codes <= NOT_COVERED.keys() or claims != _claims(acts, vkey):
        raise BadProof("the certificate claims what its acts do not say")
    return [position for position, _ in proven]


def _proven_act(act: dict[str, Any], vkey: str) -> tuple[int, Removal]:
    position, name, fields = _proven_fields(act, vkey)
    if name not in EXECUTED:
        raise BadProof("the proven entry is not the act of an erasure")
    return position, msgspec.convert(fields, Removal)


def _proven_fields(act: dict[str, Any], vkey: str) -> tuple[int, str, Any]:
    """Position, name and fields of an act that the log holds."""
    entry: str = act["entry"]
    position = verify_tlog_proof(act["proof"], entry.encode(), vkey).position
    if act != {"position": position, "entry": entry, "proof": act["proof"]}:
        raise BadProof("the certificate says of an act what its proof does not")
    fields = msgspec.json.decode(entry)
    if fields["seq"] != position:
        raise BadProof("the proven entry is of another position")
    return position, fields["act"], fields["b"]


def _beyond(act: dict[str, Any]) -> dict[str, Any]:
    generation = msgspec.json.decode(act["entry"])["b"]["new"]
    return {"generation": generation, "statement": {"en": BEYOND_STATEMENT[0], "zh": BEYOND_STATEMENT[1]}, "act": act}


def _require_beyond(claim: dict[str, Any], vkey: str, *, after: int) -> None:
    """The act says since when the new generation wrapped keys: later than the person's were destroyed."""
    _, name, fields = _proven_fields(claim["act"], vkey)
    if name != ROTATED or msgspec.convert(fields, GenerationRotated).since <= after or claim != _beyond(claim["act"]):
        raise BadProof("no rotation of the key generation after the erasure is proven")


def _shared(act: Removal) -> Removal:
    """What every part of a case says alike."""
    return replace(act, keys=[], part=1)


def _claims(acts: Sequence[Removal], vkey: str) -> dict[str, Any]:
    """All that the log proves: what the acts say, and the known words for it."""
    first = acts[0]
    return {
        "format": FORMAT,
        "origin": parse_vkey(vkey).name,
        "vkey": vkey,
        "case": first.case,
        "destroyed": _destroyed(acts),
        "not_covered": [
            {"code": code, "en": NOT_COVERED[code][0], "zh": NOT_COVERED[code][1]} for code in first.uncovered
        ],
        "statement": {"en": STATEMENT[0], "zh": STATEMENT[1]},
    }


def _destroyed(acts: Sequence[Removal]) -> dict[str, Any]:
    first = acts[0]
    return {
        "keys": sum(len(act.keys) for act in acts),
        "entries": first.entries,
        "bodies": first.bodies,
        "root": first.root,
        "technique": first.technique,
    }


def prove_entry(store: Store, position: int) -> dict[str, Any]:
    """An entry's leaf and the proof of its place. Raises NotPermitted, and NotFound past the end of the log."""
    require(store, "audit")
    head = vouching_head(store, [position])
    found = store.log.contents([position])
    if not found or position >= head.size:
        raise NotFound
    return _proven(store, found[0], head.size, head.note)


def _proven(store: Store, entry: Entry, size: int, note: str) -> dict[str, Any]:
    siblings = inclusion_proof(entry.position, size, store.log)
    return {
        "position": entry.position,
        "entry": leaf(entry).decode(),
        "proof": print_proof(ProofFile(entry.position, tuple(siblings), note)),
    }
