"""A verified certificate as a page to read and print, in English and in Chinese; it loads and runs nothing."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from domain.errors import BadInput
from governance import certificate_texts as texts
from governance.certificate_check import ENVELOPE, FORMAT, Checked
from governance.certificate_first import BEYOND
from governance.certificate_page_texts import CHECKS, TITLES, WORDS
from governance.request_texts import Pair

LANGUAGES: Final = (("en", "en"), ("zh", "zh-Hans"))


def page(checked: Checked, digest: str | None = None) -> str:
    """HTML of what was checked; `digest` is SHA-256 of the file that it was read from, where there is one.

    Raises BadInput for a certificate of the first format, or a proof alone: those do not say enough.
    """
    if checked.format != FORMAT:
        raise BadInput("certificate", "format", f"{FORMAT}; `certificate show` makes one anew")
    from jinja2 import Environment, StrictUndefined

    folder = Path(__file__).parent / "templates"
    style = (folder / "certificate.css").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    told = checked.document
    return environment.from_string((folder / "certificate.html").read_text(encoding="utf-8")).render(
        style=style, style_hash=b64encode(sha256(style.encode()).digest()).decode(), languages=LANGUAGES,
        title=TITLES[checked.kind], words=WORDS, checks=CHECKS, techniques=texts.TECHNIQUES,
        unprovable=texts.UNPROVABLE, told=told, beyond=told.get(BEYOND), keyid=told[ENVELOPE]["signatures"][0]["keyid"],
        positions=checked.positions, digest=digest, method=_method(told["unproven"]["method"]),
    )  # fmt: skip


def _method(method: dict[str, str | int]) -> Pair:
    """How keys were made and kept, as far as the store says so."""
    cipher, bits = method.get("cipher", "?"), method.get("key_bits", "?")
    return (
        f"{cipher}, random keys of {bits} bits, one for each person, class and month; each committed to on the log",
        f"{cipher}，{bits} 位随机密钥，每人、每类别、每月各一把；创建时即在日志中作出承诺",
    )
