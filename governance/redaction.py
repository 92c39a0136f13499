"""Other people's identifiers leave out of what one person is given (GDPR Art. 15(4))."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

REMOVED: Final = "[other person / 他人]"
EMAIL: Final = re.compile(r"[^\s<>\"'(),;:=/?&]+@[^\s<>\"'(),;:=/?&@]+\.[^\s<>\"'(),;:=/?&@]*\w")
PHONE: Final = re.compile(r"\+\d[\d \-().]{5,18}\d")
CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(slots=True)
class Redactor:
    """Removes what names somebody else, and counts how often.

    That is: an e-mail address or an international phone number in any text, and whatever stands under a name that
    ends like a kind of identifier, unless it is the person's own. A name in free text is not recognised.
    """

    own: Collection[str]  # plain(value) of everything that names the person
    kinds: Collection[str]  # of identifiers: user_id, email, …
    removed: int = 0

    def clean(self, value: Any, name: str = "") -> Any:
        """The value without other people; `name` is the property that holds it."""
        if isinstance(value, dict):
            return {key: self.clean(part, str(key)) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(part, name) for part in value]
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        if _names_a_person(name, self.kinds) and plain(str(value)) not in self.own:
            self.removed += 1
            return REMOVED
        return PHONE.sub(self._other, EMAIL.sub(self._other, value)) if isinstance(value, str) else value

    def _other(self, found: re.Match[str]) -> str:
        if plain(found[0]) in self.own:
            return found[0]
        self.removed += 1
        return REMOVED


def plain(value: str) -> str:
    """How a value is compared: phone numbers by their digits, everything else without case."""
    value = value.strip().casefold()
    return "+" + "".join(filter(str.isdecimal, value)) if PHONE.fullmatch(value) else value


def own_values(identifiers: Iterable[str], attributes: Iterable[tuple[str, Any]], kinds: Collection[str]) -> set[str]:
    """What names the person: values of `kind:value`, and of attributes that are called like a kind."""
    named = {plain(one.partition(":")[2]) for one in identifiers}
    return named | {plain(str(value)) for name, value in attributes if _names_a_person(name, kinds)}


def _names_a_person(name: str, kinds: Collection[str]) -> bool:
    words = CAPITAL.sub("_", name).casefold()
    return any(words == kind or words.endswith(f"_{kind}") for kind in kinds)
