"""Notices: what people are told before they consent, in versions; their texts lie in the log's documents by hash."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from domain.acts import NoticePublished, parse
from domain.errors import BadInput, Damaged, NotFound
from governance.mirrored import keep
from governance.policy_shape import notice_name
from governance.publishing import publish
from governance.roles import require
from governance.store import Store, insert_acts

LANGUAGES: Final = ("en", "zh")
ACT: Final = "notice_published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One version of a notice."""

    name: str
    version: int
    day: int  # of publication, in days since 1970-01-01
    position: int  # of its first act
    texts: Mapping[str, str]  # language -> SHA-256 of the text


def publish_notice(store: Store, name: str, texts: Mapping[str, str]) -> int:
    """Publish a version in every language; returns its number. Texts that are the newest ones already change nothing.

    From then on a consent to an older version no longer counts for a purpose that names the notice.
    Raises BadInput for a bad name, and for a language that is missing or empty.
    """
    require(store, "policy")
    try:
        notice_name(name)
    except ValueError as error:
        raise BadInput("notice", "NAME", str(error)) from error
    if set(texts) != set(LANGUAGES) or not all(text.strip() for text in texts.values()):
        raise BadInput("notice", "texts", "a text in each of " + ", ".join(LANGUAGES))
    digests = {language: sha256(texts[language].encode()).hexdigest() for language in LANGUAGES}
    for language, digest in digests.items():
        store.mirror.keep_text(digest, texts[language])
        store.log.keep_document(digest, "notice", texts[language])
    with store.lock() as locked:  # two who publish at once get two numbers
        last = newest(store, [name]).get(name)
        if last is not None and dict(last.texts) == digests:
            return last.version
        version = last.version + 1 if last is not None else 1
        acts = [
            (ACT, NoticePublished(notice=name, version=version, language=language, hash=digest))
            for language, digest in digests.items()
        ]
        at = insert_acts(store, locked, acts)
    publish(store.log, store.mirror)
    keep(store.mirror, store.log.contents(range(at, at + len(acts))))
    return version


def listed(store: Store) -> list[Notice]:
    """As `notices`, for somebody who asks. Raises NotPermitted."""
    require(store, "consent")
    return notices(store)


def notices(store: Store) -> list[Notice]:
    """Every version of every notice, in the order of publication."""
    found: dict[tuple[str, int], Notice] = {}
    for entry in store.log.acts([ACT]):
        act = parse(ACT, entry.fields or "")
        assert isinstance(act, NoticePublished)
        place = (act.notice, act.version)
        before = found.get(place)
        texts = {**(before.texts if before else {}), act.language: act.hash}
        position, day = (before.position, before.day) if before else (entry.position, entry.day)
        found[place] = Notice(name=act.notice, version=act.version, day=day, position=position, texts=texts)
    return list(found.values())


def newest(
    store: Store, names: Iterable[str], *, position: int | None = None, day: int | None = None
) -> dict[str, Notice]:
    """The newest version of each of these notices that is published: by a position of the log, or a day, if given."""
    wanted = set(names)
    return {
        one.name: one
        for one in (notices(store) if wanted else ())
        if one.name in wanted and (position is None or one.position <= position) and (day is None or one.day <= day)
    }


def asked(
    store: Store, purposes: Iterable[str], *, position: int | None = None, day: int | None = None
) -> dict[str, int]:
    """By purpose: the version of the policy's notice that a consent must be to. A purpose without one is left out."""
    rules = store.policy.purposes
    names = {name: rules[name].notice for name in purposes if name in rules and rules[name].notice is not None}
    found = newest(store, (notice for notice in names.values() if notice), position=position, day=day)
    return {purpose: found[notice].version for purpose, notice in names.items() if notice in found}


def text_of(store: Store, name: str, language: str, version: int | None = None) -> str:
    """A notice's text, of the newest version unless one is named. Raises NotFound, or Damaged for another text."""
    require(store, "consent")
    of_name = [one for one in notices(store) if one.name == name and version in (None, one.version)]
    if not of_name or language not in of_name[-1].texts:
        raise NotFound
    digest = of_name[-1].texts[language]
    text = store.log.document(digest)
    if text is None or sha256(text.encode()).hexdigest() != digest:
        raise Damaged("a notice's text is not the one that was published", of_name[-1].position)
    return text
