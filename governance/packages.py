"""What a person is given of himself: everything (access), or what he provided and left behind (portability).

GDPR Art. 15 and 20, PIPL Art. 45. Files: `manifest.json`, `profile.json`, `events.jsonl` (one JSON document a line),
`package.html` for people, and for access `about.json` (purposes, recipients, retention, sources, rights).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from domain.clock import DAY, rfc3339
from domain.errors import NotFound
from domain.events import (
    ASKED,
    BEHAVIOUR,
    CONSENTED,
    CORRECTED,
    GROUP,
    IDENTIFY,
    LIFTED,
    LINKED,
    MERGED,
    OBJECTED,
    REFUSED,
    RESTRICTED,
    UNMERGED,
    UNOBJECTED,
    WITHDREW,
    Event,
    type_of,
)
from governance import package_texts as texts
from governance.access import Reader
from governance.package_about import PERSON, about_person
from governance.package_file import FORMAT
from governance.policy_shape import CONSENTS
from governance.redaction import Redactor, own_values
from governance.store import Store
from governance.subjects import component, name_of, own_entries

PROVIDED: Final = frozenset(
    {
        IDENTIFY, GROUP, LINKED, CONSENTED, REFUSED, WITHDREW, OBJECTED, UNOBJECTED, RESTRICTED, LIFTED, CORRECTED,
        ASKED,
    }
)  # fmt: skip
GIVEN: Final = frozenset({IDENTIFY, GROUP, LINKED, CORRECTED})
"""Of what is provided, the data itself: all else says what was done with it."""

PORTABLE: Final = frozenset({*CONSENTS, "contract"})
"""GDPR Art. 20(1)(a)."""

INFERRED: Final = ("interests", "sentiment", "sequence")
"""Sections of a profile that are computed, besides its scores and its segment."""


class Package(NamedTuple):
    """The files by name, and what to say of them where the export is recorded."""

    files: dict[str, bytes]
    expires: int  # microseconds
    sections: list[str]
    redacted: int


def package(store: Store, root: bytes, kind: str, case: bytes) -> Package:
    """The files of an access or portability request of a living subject. Raises NotFound."""
    who = component(store, root)
    document = Reader(store, PERSON).whole(root)
    if document is None:
        raise NotFound
    own = own_entries(store, who)
    redactor = _redactor(store, document)
    excluded = _not_portable(store) if kind == "portability" else []
    rows = [
        _row(event, klass, redactor)
        for *_, klass, body in own.bodies
        for event in body.events
        if event.kind not in (MERGED, UNMERGED) and (kind == "access" or (_is_given(event) and klass not in excluded))
    ]
    profile = _profile(document, kind, redactor)
    about = about_person(store, who, root, own.bodies) if kind == "access" else None
    expires = store.clock() + store.policy.rules.requests.package_days * DAY
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "kind": kind,
        "request": case.hex(),
        "subject": name_of(root),
        "made": rfc3339(store.clock()),
        "expires": rfc3339(expires),
        "redacted": redactor.removed,
        "shut": own.withheld,
    }
    if kind == "portability":
        manifest["excluded"] = excluded
    files = {
        "manifest.json": _json(manifest),
        "profile.json": _json(profile),
        "events.jsonl": b"".join(_json(row, indent=None) for row in rows),
        "package.html": _page(kind, manifest, profile, rows, about).encode(),
    }
    if about is not None:
        files["about.json"] = _json(about)
    return Package(files, expires, sorted(profile), redactor.removed)


def _row(event: Event, klass: str, redactor: Redactor) -> dict[str, Any]:
    return {
        "type": type_of(event),
        "origin": "observed" if event.kind in BEHAVIOUR else "provided" if event.kind in PROVIDED else "recorded",
        "class": klass,
        "at": rfc3339(event.at),
        "received": rfc3339(event.recorded),
        "source": event.source,
        "properties": redactor.clean(event.properties),
        "context": redactor.clean(event.context),
    }


def _is_given(event: Event) -> bool:
    return event.kind in BEHAVIOUR or event.kind in GIVEN


def _not_portable(store: Store) -> list[str]:
    """Classes that no consent and no contract carries; a class without purposes is of the person's own account."""
    rules = store.policy.rules
    return sorted(
        name
        for name, rule in rules.classes.items()
        if rule.purposes and not any(rules.purposes[one].basis in PORTABLE for one in rule.purposes)
    )


def _profile(document: Mapping[str, Any], kind: str, redactor: Redactor) -> dict[str, Any]:
    if kind == "portability":
        document = {name: document[name] for name in ("identifiers", "attributes")}
    kept = {name: value for name, value in document.items() if name not in ("as_of", "identifiers")}
    cleaned: dict[str, Any] = redactor.clean(kept)
    return {"identifiers": document["identifiers"], **cleaned}


def _redactor(store: Store, document: Mapping[str, Any]) -> Redactor:
    rules = store.policy.identifiers
    kinds = frozenset((*rules.strong, *rules.anonymous, *rules.weak))
    names = [f"{kind}:{value}" for kind, values in document["identifiers"].items() for value in values]
    said = [
        (name, one["value"])
        for name, field in document["attributes"].items()
        for one in (field, *field.get("conflicts", ()))
    ]
    return Redactor(own_values(names, said, kinds), kinds)


def _page(kind: str, manifest: Mapping[str, Any], profile: Mapping[str, Any], rows: Sequence[Any], about: Any) -> str:
    from jinja2 import Environment, StrictUndefined

    source = (Path(__file__).parent / "templates" / "package.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return environment.from_string(source).render(
        title=texts.TITLES[kind], headings=texts.HEADINGS, words=texts.WORDS, origins=texts.ORIGINS, bases=texts.BASES,
        gaps=texts.GAPS, logic=texts.LOGIC, inferred=INFERRED, manifest=manifest, profile=profile, events=rows,
        about=about,
    )  # fmt: skip


def _json(document: Any, indent: int | None = 1) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=indent).encode() + b"\n"
