"""What a token may look like on a disk: its encodings, as text is commonly escaped and packed, and its digests."""

import base64
import html
import json
import quopri
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b, md5, sha1, sha256, sha512
from urllib.parse import quote, quote_from_bytes, quote_plus

SHORTEST = 4
"""Shorter forms would be found anywhere by chance."""

CHARSETS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "latin-1", "gb18030", "big5", "shift_jis")

DIGESTS: tuple[Callable[[bytes], bytes], ...] = (
    lambda said: md5(said, usedforsecurity=False).digest(),
    lambda said: sha1(said, usedforsecurity=False).digest(),
    lambda said: sha256(said).digest(),
    lambda said: sha512(said).digest(),
    lambda said: blake2b(said).digest(),
    lambda said: blake2b(said, digest_size=32).digest(),
)


def encodings(token: bytes) -> list[bytes]:
    """The token as it may lie on a disk: raw, in hexadecimal, base64, base32, escaped, in other character sets.

    Base64 and base32 at every alignment, less the characters at both ends that its neighbours share. A text also in
    lower and upper case, without blanks around it, and composed or decomposed (Unicode NFC, NFD).
    """
    forms = set(_packed(token))
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return _long_enough(forms)
    for variant in _variants(text):
        forms.update(_packed(variant.encode()))
        forms.update(_written(variant))
    return _long_enough(forms)


def stored(secret: bytes) -> list[bytes]:
    """A key as programs write one: raw, in hexadecimal, in base64. A third of the forms, and of the search."""
    digits = secret.hex().encode()
    forms = {secret, digits, digits.upper()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.update(_aligned(secret, encode, bits=6))
    return _long_enough(forms)


def digests(token: bytes) -> list[bytes]:
    """Unkeyed digests of the token, of its lower case and of both without blanks around, raw and written out."""
    said = {token, token.strip(), token.lower(), token.strip().lower()}
    with suppress(UnicodeDecodeError):
        said |= {variant.encode() for variant in _variants(token.decode())}
    return _long_enough({form for one in said for digest in DIGESTS for form in _stored(digest(one))})


def _long_enough(forms: set[bytes]) -> list[bytes]:
    return sorted(form for form in forms if len(form) >= SHORTEST)


def _variants(text: str) -> set[str]:
    cases = {text, text.strip(), text.lower(), text.upper()}
    return {unicodedata.normalize(form, one) for one in cases for form in ("NFC", "NFD")} | cases


def _packed(token: bytes) -> Iterator[bytes]:
    """Encodings of any bytes."""
    yield token
    for digits in (token.hex(), token.hex().upper()):
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        yield from (joined.encode() for joined in (digits, " ".join(pairs), ":".join(pairs)))
        yield from (b"".join(start + pair.encode() for pair in pairs) for start in (b"\\x", b"%"))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from _aligned(token, encode, bits=6)
    for form in _aligned(token, base64.b32encode, bits=5):
        yield from (form, form.lower())
    yield from (quote_from_bytes(token, safe="").encode(), quopri.encodestring(token).replace(b"=\n", b""))


def _stored(digest: bytes) -> Iterator[bytes]:
    """A digest as it is kept by itself: no neighbours shift it."""
    yield from (digest, digest.hex().encode(), digest.hex().upper().encode())
    packed = (base64.b64encode(digest), base64.urlsafe_b64encode(digest), base64.b32encode(digest))
    yield from (one.rstrip(b"=") for one in packed)


def _aligned(token: bytes, encode: Callable[[bytes], bytes], *, bits: int) -> Iterator[bytes]:
    """The characters that are the token's alone, wherever it begins in what is encoded."""
    for before in range(3 if bits == 6 else 5):
        start, end = -(-before * 8 // bits), (before + len(token)) * 8 // bits
        yield encode(bytes(before) + token)[start:end]


def _written(text: str) -> Iterator[bytes]:
    """Encodings of a text."""
    for charset in CHARSETS:
        try:
            yield text.encode(charset)
        except UnicodeEncodeError:
            continue
    yield text.encode("unicode_escape")
    yield from (form.encode() for form in _escaped(text))


def _escaped(text: str) -> Iterator[str]:
    units = text.encode("utf-16-be").hex()
    codes = [units[at : at + 4] for at in range(0, len(units), 4)]
    for escaped in ("".join(f"\\u{code}" for code in codes), "".join(f"\\u{code.upper()}" for code in codes)):
        yield from (escaped, escaped.replace("\\", "\\\\"))
    for as_json in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (as_json, as_json.replace("/", "\\/"), json.dumps(as_json)[1:-1])
    once = quote(text, safe="")
    yield from (once, quote(text), quote_plus(text), quote(once, safe=""), _lower_percent(once))
    yield from (html.escape(text), html.escape(text, quote=False), text.encode("ascii", "xmlcharrefreplace").decode())
    yield from ("".join(f"&#{ord(one)};" for one in text), "".join(f"&#x{ord(one):x};" for one in text))
    yield "".join(f"&#x{ord(one):X};" for one in text)


def _lower_percent(quoted: str) -> str:
    first, *rest = quoted.split("%")
    return first + "".join("%" + part[:2].lower() + part[2:] for part in rest)
