"""A certificate's page says what was verified, in English and Chinese, and asks nothing of anybody."""

import copy
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from adapters.settings import Settings
from domain.errors import BadInput
from governance.certificate_check import Checked, verify_text
from governance.certificate_page import page
from governance.certificate_page_texts import CHECKS, TITLES, WORDS
from governance.certificate_texts import GROUNDS, NOT_COVERED, TECHNIQUES, UNPROVABLE
from governance.deadlines import LAWS
from governance.removals import HOLD
from tests.conftest import make_store
from tests.golden.certificates import PINNED, golden


def checked(name: str = "certificate-2.json") -> Checked:
    return verify_text(golden(name), PINNED[name])


class Elements(HTMLParser):
    """Every element with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_says_in_both_languages_what_the_certificate_says() -> None:
    told = checked().document

    said = Elements(page(checked(), "ab" * 32)).text

    for texts in (TITLES["erasure"], told["statement"].values(), *(NOT_COVERED[code] for code in ("backups",))):
        assert all(text in said for text in texts)
    for fact in (told["case"], told["receipt"], told["vkey"], told["destroyed"]["root"], told["executor"], "ab" * 32):
        assert said.count(fact) >= 2
    assert all(said.count(one) == 1 for pair in UNPROVABLE for one in pair)


def test_it_loads_and_runs_nothing() -> None:
    html = page(checked())
    elements = Elements(html).found

    assert {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "form", "a", "object"} == set()
    assert not [name for _, attributes in elements for name in attributes if name in ("src", "href", "style")]
    assert not re.search(r"url\(|@import|\son\w+=", html)
    [policy] = [one["content"] for tag, one in elements if one.get("http-equiv") == "Content-Security-Policy"]
    style = html.partition("<style>")[2].partition("</style>")[0]
    expected = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{expected}'"


def test_what_a_store_says_is_text_and_never_markup() -> None:
    document: dict[str, Any] = copy.deepcopy(checked().document)
    document["unproven"]["tool"]["version"] = "<script>alert(1)</script>"

    html = page(checked()._replace(document=document))

    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2


def test_the_page_of_a_certificate_beyond_backups_says_so() -> None:
    told = checked("certificate-2-beyond-backups.json")

    said = Elements(page(told)).text

    assert all(text in said for text in told.document["beyond_backups"]["statement"].values())
    assert not any(text in said for text in WORDS["beyond_not"])


def test_the_first_format_says_too_little_for_a_page() -> None:
    with pytest.raises(BadInput):
        page(checked("certificate-1.json"))


def test_every_text_is_there_in_both_languages() -> None:
    for texts in (TITLES, WORDS, CHECKS, GROUNDS, NOT_COVERED, TECHNIQUES):
        assert all(en.isascii() or "§" in en for en, _ in texts.values())
        assert all(re.search("[\u4e00-\u9fff]", zh) for _, zh in texts.values())
    assert GROUNDS.keys() == {*LAWS, "retention"}


def test_whatever_an_act_may_name_has_words(settings: Settings) -> None:
    storage = make_store(settings).storage

    assert TECHNIQUES.keys() >= set(storage.technique)
    assert NOT_COVERED.keys() >= {*storage.uncovered, HOLD}
