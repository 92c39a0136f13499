"""What can go wrong, by name. Messages never hold personal data: errors end up in logs."""


class LetheError(Exception):
    """Everything that the store itself refuses or finds."""


class Refused(LetheError):
    """Policy or role does not allow it."""


class NoBasis(Refused):
    """No lawful basis covers this purpose for this subject now."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"no lawful basis for purpose {purpose}")
        self.purpose = purpose


class NotFound(LetheError):
    """Unknown, erased and suppressed answer alike."""

    def __init__(self) -> None:
        super().__init__("no such subject")


class Fenced(Refused):
    """An erasure has begun: nothing is written for this subject any more."""

    def __init__(self) -> None:
        super().__init__("the subject is being erased")


class MergedMeanwhile(Refused):
    """The subject became part of another since it was looked up: an erasure would take more than was shown."""

    def __init__(self) -> None:
        super().__init__("the subject became part of another meanwhile; look at the preview again")


class DisclosedMeanwhile(Refused):
    """Somebody was given the profile since the case was opened: he would not be told of the erasure."""

    def __init__(self) -> None:
        super().__init__("the profile was disclosed to another recipient meanwhile")


class BadInput(LetheError):
    """Input that is not what the field takes: names the field and what would be right."""

    def __init__(self, where: str, field: str, expected: str) -> None:
        super().__init__(f"{where}: {field}: {expected}")
        self.where = where
        self.field = field
        self.expected = expected


class Unavailable(LetheError):
    """The store or its keys cannot be used as they are."""


class PolicyChanged(Unavailable):
    """Another process put a newer policy in force; what was opened under the older one may not go on."""

    def __init__(self) -> None:
        super().__init__("a newer policy is in force; open the store again")


class Damaged(LetheError):
    """What is stored is not what was written; `lethe audit verify` names the position."""

    def __init__(self, what: str, position: int | None = None) -> None:
        super().__init__(what if position is None else f"{what} at position {position}")
        self.position = position


class KeyMismatch(Damaged):
    """An unwrapped key is not the one that the log committed to."""


class MovedOn(LetheError):
    """Someone else moved this checkpoint first; read it again and retry."""


class WaitingForReader(LetheError):
    """A reader keeps old pages of a database alive; erased bytes cannot be overwritten yet."""
