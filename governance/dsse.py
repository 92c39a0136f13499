"""Signed envelopes of in-toto statements (DSSE v1), under the key that signs the log.

What is signed begins with `DSSEv1 `, and a tree head with a name that has no spaces: neither passes for the other.
"""

from collections.abc import Callable
from typing import Any, Final

from domain.note import BadSignature, VerifierKey, decode64, encode64, parse_vkey
from governance.signing import verify_ed25519

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


def pae(kind: str, body: bytes) -> bytes:
    """The pre-authentication encoding: what is signed."""
    return b"DSSEv1 %d %b %d %b" % (len(kind.encode()), kind.encode(), len(body), body)


def enveloped(payload: bytes, vkey: str, sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    """The payload with its one signature; the key is named as in a verifier key, without the key itself."""
    return _envelope(payload, parse_vkey(vkey), sign(pae(PAYLOAD_TYPE, payload)))


def opened(envelope: Any, vkey: str) -> bytes:
    """What the pinned key signed.

    Raises BadKey, BadNote for base64 that is not canonical, BadSignature unless this key signed it and nobody else.
    Raises KeyError, TypeError or ValueError for what is no envelope.
    """
    key = parse_vkey(vkey)
    payload, [line] = decode64(envelope["payload"]), envelope["signatures"]
    signature = decode64(line["sig"])
    if envelope != _envelope(payload, key, signature):
        raise BadSignature("the envelope is not signed by the expected key, or says more than an envelope does")
    if not verify_ed25519(key.public, signature, pae(PAYLOAD_TYPE, payload)):
        raise BadSignature("the signature does not fit the envelope")
    return payload


def _envelope(payload: bytes, key: VerifierKey, signature: bytes) -> dict[str, Any]:
    keyid = f"{key.name}+{key.key_id.hex()}"
    return {
        "payload": encode64(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": keyid, "sig": encode64(signature)}],
    }
