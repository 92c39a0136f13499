"""A record of processing as text, in one language."""

from typing import Any

from governance.record_texts import HEADINGS


def text(record: dict[str, Any], language: str) -> str:
    """Every part of the record under its heading."""
    parts = {
        "controller": [": ".join((name, str(value))) for name, value in (record["controller"] or {}).items() if value],
        "data_subjects": [one[language] for one in record["data_subjects"]],
        "purposes": [_purpose(one, language) for one in record["purposes"]],
        "categories": [_category(one, language) for one in record["categories"]],
        "recipients": [_recipient(one) for one in record["recipients"]],
        "transfers": [f"{one['recipient']}: {one['location']} {one['safeguard'] or ''}" for one in record["transfers"]],
        "time_limits": [_limit(one) for one in record["time_limits"]],
        "security": [one[language] for one in record["security"]],
        "observed": [f"{name}: {people}" for name, people in record["observed"]["event_types"].items()],
        "drift": [f"{one['what']}: {one[language]}" if one["what"] else one[language] for one in record["drift"]],
    }
    place = 0 if language == "en" else 1
    lines: list[str] = []
    for name, heading in HEADINGS.items():
        lines += [heading[place], *(f"  {line.strip()}" for line in parts[name] or ["—"]), ""]
    return "\n".join(lines).rstrip()


def _purpose(one: dict[str, Any], language: str) -> str:
    title = f" ({one['title'][language]})" if one["title"] else ""
    return (
        f"{one['purpose']}{title}: {one['basis'][language]}; {', '.join(one['sections']) or '—'}; ×{one['disclosures']}"
    )


def _category(one: dict[str, Any], language: str) -> str:
    title = f" ({one['title'][language]})" if one["title"] else ""
    return f"{one['category']}{title}: {one['class']}{' *' if one['special'] else ''}"


def _recipient(one: dict[str, Any]) -> str:
    given = ", ".join(f"{purpose} ×{number}" for purpose, number in one["disclosures"].items())
    return f"{one['recipient']}: {', '.join(one['purposes'])} [{given}]"


def _limit(one: dict[str, Any]) -> str:
    kept = f" (≥ {one['statutory_months']}: {one['statutory_ground']})" if one["statutory_months"] else ""
    return f"{one['class']}: {one['months'] or '—'}{kept}"
