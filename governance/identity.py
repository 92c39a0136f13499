"""Who a call is about: identifiers to subjects, with the links and merges that follow from it.

A merge joins an anonymous subject to a known one. Two subjects that both carry a strong
identifier are never joined by chance (a shared device): only an alias says so. Weak
identifiers (an e-mail among the traits) find a subject, and never merge one.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from domain.calls import Call, Rejection
from governance.cleaning import ALIAS
from governance.keyrows import ANONYMOUS, STRONG, WEAK


class IdentifierRules(Protocol):
    """What the policy says of identifier kinds."""

    @property
    def anonymous(self) -> tuple[str, ...]: ...
    @property
    def weak(self) -> tuple[str, ...]: ...
    @property
    def max_linked(self) -> int: ...


class Known(Protocol):
    """What the keyring knows, read under the append lock."""

    def subject(self, identifier: str) -> bytes | None:
        """The surviving subject that an identifier names."""
        ...

    def is_suppressed(self, identifier: str) -> bool: ...

    def is_listed(self, identifier: str) -> bool:
        """Whether its suppression is by an imported list, which knows people by an address or a number alone."""
        ...

    def is_fenced(self, identifier: str) -> bool:
        """Whether its suppression is by an erasure that is under way: no registration lifts that."""
        ...

    def strengths(self, subject: bytes) -> list[int]:
        """Of every identifier of the subject's component."""
        ...


class Link(NamedTuple):
    """An identifier names a subject from now on."""

    subject: bytes
    identifier: str
    strength: int
    arrival: int


class Merge(NamedTuple):
    """One subject becomes part of another."""

    absorbed: bytes
    into: bytes
    arrival: int


class Attribution:
    """Follows one batch of calls; collects what the keyring and the log have to learn."""

    def __init__(self, known: Known, rules: IdentifierRules, mint: Callable[[], bytes]) -> None:
        self._known = known
        self._rules = rules
        self._mint = mint
        self._named: dict[str, bytes] = {}
        self._strengths: dict[bytes, list[int]] = {}
        self.created: list[bytes] = []
        self.links: list[Link] = []
        self.merges: list[Merge] = []
        self.into: dict[bytes, bytes] = {}
        self.lifted: list[str] = []

    def subject_of(self, call: Call, arrival: int) -> bytes | Rejection | None:
        """The call's subject; None when it is suppressed, a Rejection when it asks for too much."""
        names = call.identifiers
        if call.kind == ALIAS:
            return self._alias(call, arrival)
        if len(names) == 1 and not self.into and (known := self._known.subject(names[0])) is not None:
            return known  # nearly every call
        if call.context.get("registration") == "new":
            self.lifted += [
                name for name in names if self._known.is_suppressed(name) and not self._known.is_fenced(name)
            ]
        if len(names) == 1 and (subject := self._find(names[0])) is not None:
            return subject
        usable = [name for name in names if not self._is_suppressed(name)]
        if len(usable) < len(names) and self._is_of_the_erased(names, usable):
            return None
        return self._settle(usable, arrival)

    def suppressed(self, call: Call) -> list[str]:
        """Identifiers of the call that belong to an erased person, and that nobody may take over."""
        return [name for name in call.identifiers if self._is_suppressed(name)]

    def _is_of_the_erased(self, names: list[str], usable: list[str]) -> bool:
        """The strongest identifiers decide; an unknown device may be the erased person's next one."""
        best = max(map(self._strength, names))
        if any(self._strength(name) == best for name in names if name not in usable):
            return True
        if any(self._known.is_listed(name) for name in names if name not in usable):
            return all(self._find(name) is None for name in usable)  # a new account of somebody on the list
        return all(self._strength(name) != STRONG and self._find(name) is None for name in usable)

    def _settle(self, names: list[str], arrival: int) -> bytes:
        found = {name: self._find(name) for name in names}
        ranked = sorted(names, key=self._strength, reverse=True)
        best = self._strength(ranked[0])
        deciding = [name for name in ranked if self._strength(name) > WEAK] or ranked
        chosen = next((found[name] for name in deciding if found[name] is not None), None)
        if chosen is not None and best == STRONG and found[ranked[0]] is None and STRONG in self._of(chosen):
            chosen = None  # the device is known, but as somebody else's
        subject = chosen if chosen is not None else self._create()
        for name in ranked:
            other = self._find(name)
            if other is None:
                self._link(subject, name, arrival)
            elif other != subject and self._may_absorb(subject, other, name):
                self._merge(other, subject, arrival)
        return subject

    def _may_absorb(self, subject: bytes, other: bytes, name: str) -> bool:
        theirs = self._of(other)
        fits = len(theirs) + len(self._of(subject)) <= self._rules.max_linked
        return self._strength(name) == ANONYMOUS and STRONG not in theirs and STRONG in self._of(subject) and fits

    def _alias(self, call: Call, arrival: int) -> bytes | Rejection | None:
        previous, target = self._previous(call), call.identifiers[0]
        if self._is_suppressed(target) or self._is_suppressed(previous):
            return None
        subject = self._find(target) or self._find(previous) or self._create()
        if self._find(target) is None:
            self._link(subject, target, arrival)
        other = self._find(previous)
        if other is None:
            self._link(subject, previous, arrival)
        elif other != subject:
            if len(self._of(other)) + len(self._of(subject)) > self._rules.max_linked:
                return Rejection(call.record, "previousId", "merge_too_large")
            self._merge(other, subject, arrival)
        return subject

    def _previous(self, call: Call) -> str:
        kind, _, value = (call.previous or "").partition(":")
        if kind != "previous_id":
            return call.previous or ""
        anonymous, known = f"anonymous_id:{value}", f"user_id:{value}"
        if call.identifiers[0] == known:
            return known  # a self-alias says nothing
        is_known = self._find(known) is not None or self._is_suppressed(known)
        return known if self._find(anonymous) is None and is_known else anonymous

    def _find(self, name: str) -> bytes | None:
        subject = self._named.get(name)
        if subject is None:
            subject = self._known.subject(name)
        while subject in self.into:
            subject = self.into[subject]
        return subject

    def _is_suppressed(self, name: str) -> bool:
        return name not in self.lifted and name not in self._named and self._known.is_suppressed(name)

    def _create(self) -> bytes:
        subject = self._mint()
        self.created.append(subject)
        self._strengths[subject] = []
        return subject

    def _link(self, subject: bytes, name: str, arrival: int) -> None:
        self._of(subject).append(self._strength(name))
        self._named[name] = subject
        self.links.append(Link(subject, name, self._strength(name), arrival))

    def _merge(self, absorbed: bytes, into: bytes, arrival: int) -> None:
        self._of(into).extend(self._of(absorbed))
        self.into[absorbed] = into
        self.merges.append(Merge(absorbed, into, arrival))

    def _of(self, subject: bytes) -> list[int]:
        if subject not in self._strengths:
            self._strengths[subject] = self._known.strengths(subject)
        return self._strengths[subject]

    def _strength(self, name: str) -> int:
        kind = name.partition(":")[0]
        if kind in self._rules.weak:
            return WEAK
        return ANONYMOUS if kind in self._rules.anonymous else STRONG


def redirect(subject: bytes, into: Mapping[bytes, bytes]) -> bytes:
    """Where a subject ended after this batch's merges."""
    while subject in into:
        subject = into[subject]
    return subject
