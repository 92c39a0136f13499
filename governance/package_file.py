"""A package as one file: sealed under a code that is shown once, and opened until the day in its header.

    lethe-package/1 LF  header (JSON on one line) LF  nonce (12 bytes)  ciphertext and tag

AES-256-GCM; the key is HKDF-SHA256 of the code's 160 random bits, and everything before the nonce is authenticated.
The store keeps neither the file nor the code.
"""

import base64
import binascii
import io
import json
from collections.abc import Mapping
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from domain.clock import parse_rfc3339, rfc3339
from domain.errors import BadInput, Damaged, Refused
from domain.events import Micros
from governance.keyring import Random
from governance.sealing import NONCE_BYTES, DataKey, data_key, hkdf, seal, unseal

FORMAT: Final = "lethe-package/1"
MAGIC: Final = FORMAT.encode() + b"\n"
NAME: Final = "package.lethe"
CODE_BYTES: Final = 20


class Expired(Refused):
    """The package opens no more; a new request gives a new one."""

    def __init__(self) -> None:
        super().__init__("the package has expired; ask for a new one")


class WrongCode(Refused):
    """The code is not the one that was shown, or the file was changed."""

    def __init__(self) -> None:
        super().__init__("the code does not open this package")


class Sealed(NamedTuple):
    """A package's bytes and the code that opens them."""

    content: bytes
    code: str


def seal_package(files: Mapping[str, bytes], *, expires: Micros, random: Random) -> Sealed:
    """Zip and seal. The code is 32 characters of RFC 4648 base32 in groups of four."""
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    secret = random(CODE_BYTES)
    header = MAGIC + json.dumps({"expires": rfc3339(expires)}).encode() + b"\n"
    text = base64.b32encode(secret).decode()
    sealed = seal(_key(secret), header, packed.getvalue(), random(NONCE_BYTES))
    return Sealed(header + sealed, "-".join(text[at : at + 4] for at in range(0, len(text), 4)))


def open_package(content: bytes, code: str, *, now: Micros) -> dict[str, bytes]:
    """The files by name. Raises BadInput for what is no package, Expired, and WrongCode."""
    header, sealed = _parts(content)
    if expiry(content) <= now:
        raise Expired
    try:
        secret = base64.b32decode("".join(code.split()).replace("-", "").upper())
        packed = unseal(_key(secret), header, sealed)
    except (binascii.Error, ValueError, Damaged) as error:
        raise WrongCode from error
    try:
        with ZipFile(io.BytesIO(packed)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except BadZipFile as error:
        raise WrongCode from error


def expiry(content: bytes) -> Micros:
    """Until when a package opens; its first few hundred bytes are enough. Raises BadInput for what is no package."""
    header, _ = _parts(content)
    try:
        return parse_rfc3339(json.loads(header[len(MAGIC) :])["expires"])
    except (ValueError, KeyError, TypeError) as error:
        raise _no_package() from error


def is_expired(name: str, content: bytes, *, now: Micros) -> bool | None:
    """Of a sealed package, or of the manifest of a plain one; None for any other file."""
    try:
        if name == "manifest.json":
            document = json.loads(content)
            return parse_rfc3339(document["expires"]) <= now if document["format"] == FORMAT else None
        return expiry(content) <= now
    except (BadInput, ValueError, KeyError, TypeError):
        return None


def _parts(content: bytes) -> tuple[bytes, bytes]:
    end = content.find(b"\n", len(MAGIC))
    if not content.startswith(MAGIC) or end < 0:
        raise _no_package()
    return content[: end + 1], content[end + 1 :]


def _no_package() -> BadInput:
    return BadInput("package", "file", f"a file of the format {FORMAT}")


def _key(secret: bytes) -> DataKey:
    return data_key(b"", b"", "package", 0, hkdf(secret, b"lethe/package/1"))
