"""What cannot name a person, whether it came as an identifier or among the traits."""

from typing import Final

CHARACTERS: Final = 256

PLACEHOLDERS: Final = frozenset(
    {
        "",
        "null",
        "none",
        "nil",
        "undefined",
        "nan",
        "unknown",
        "-1",
        "0",
        "true",
        "false",
        "n/a",
        "[object object]",
        "00000000-0000-0000-0000-000000000000",
        "0" * 32,
    }
)
"""Values that clients send when they have no identifier: a profile under one of them would join strangers."""

TRAIT_CHARACTERS: Final = 5  # shorter traits name nobody for certain
PHONE_DIGITS: Final = 5


def is_blocked(value: str) -> bool:
    """Whether no person can be named so: a placeholder in any case, or longer than 256 characters."""
    return value.strip().lower() in PLACEHOLDERS or len(value) > CHARACTERS


def is_trait(kind: str, value: str) -> bool:
    """Whether a trait of this kind may find a person: nobody checked what a form was filled in with.

    Blanks around it are none of it.
    """
    said = value.strip()
    if len(said) < TRAIT_CHARACTERS or is_blocked(value):
        return False
    if kind == "email":
        return "@" in said[1:-1]
    return kind != "phone" or sum(map(str.isdecimal, said)) >= PHONE_DIGITS
