"""The door out: a profile for a declared purpose, under a basis that holds now, recorded before it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.clock import day_of, rfc3339
from domain.errors import LetheError, NotFound
from domain.events import BEHAVIOUR, Micros, type_of
from governance.disclosures import disclose
from governance.giving import Given, recipient_for
from governance.pointintime import Keep, as_of_position, as_of_time
from governance.policy import PurposeRule
from governance.projecting import serving
from governance.purposes import basis_for, covered
from governance.roles import require
from governance.standing import standings
from governance.store import Store, require_policy
from governance.subjects import component, find_all, name_of
from governance.withheld import periods_ended
from projections import state as states
from projections import statistic
from projections.population import INTERESTS
from projections.profile import view
from projections.scorers.model import Model, decode
from projections.state import State
from projections.statistic import Statistic

LOOKUP = 500
LABEL_DAYS = 30


class AsOf(NamedTuple):
    """A moment of the past: a position of the log, or a time of receipt."""

    position: int | None = None
    time: Micros | None = None

    @property
    def text(self) -> str:
        """As the document names it."""
        return str(self.position) if self.time is None else rfc3339(self.time)


@dataclass(slots=True)
class Reader:
    """Answers reads; keeps what is shared by all of them while the projections stand still.

    A reader of the house sees the store's own ids. One that is `outside` has to be a recipient of the policy for the
    purpose, and sees its pairwise ids and what its masks leave.
    """

    store: Store
    recipient: str
    outside: bool = False
    _seen: tuple[str, int] = ("", -1)  # slot and revision: each slot counts its own
    _population: Statistic | None = None
    _models: dict[str, Model] = field(default_factory=dict)

    def read(self, identifier: str, purpose: str, as_of: AsOf | None = None) -> dict[str, Any]:
        """One profile. Raises NotFound, NoBasis, or Refused for a purpose that policy does not know."""
        answer = self.read_many([identifier], purpose, as_of)[0]
        if isinstance(answer, LetheError):
            raise answer
        return answer

    def read_many(
        self, identifiers: Sequence[str], purpose: str, as_of: AsOf | None = None
    ) -> list[dict[str, Any] | LetheError]:
        """Profiles in the order asked; a person without a basis or without a profile is an error in its place."""
        require(self.store, "read", purpose=purpose)
        rule = self.store.policy.purpose(purpose)
        given = recipient_for(self.store, self.recipient, purpose) if self.outside else None
        answers: dict[str, dict[str, Any] | LetheError] = {}
        for start in range(0, len(identifiers), LOOKUP):
            self._answer(identifiers[start : start + LOOKUP], rule, as_of, given, answers)
        return [answers[one] for one in identifiers]

    def whole(self, root: bytes) -> dict[str, Any] | None:
        """All that is known, for the person himself (GDPR Art. 15): whoever hands it out records that."""
        return self._documents({"": root}, None, None).get("")

    def _answer(
        self,
        identifiers: Sequence[str],
        rule: PurposeRule,
        as_of: AsOf | None,
        given: Given | None,
        answers: dict[str, dict[str, Any] | LetheError],
    ) -> None:
        with self.store.keyring.database.reading() as rows:
            require_policy(self.store, rows)
        found = find_all(self.store, identifiers)
        documents = self._documents(found, as_of, rule)
        said = standings(self.store, {found[one] for one in documents})
        shown: list[tuple[bytes, str, list[str]]] = []
        for one in identifiers:
            if one not in documents:
                answers[one] = NotFound()
                continue
            try:
                basis = basis_for(rule, said[found[one]])
            except LetheError as error:
                answers[one] = error
                continue
            visible, withheld = covered(documents[one], rule)
            if given is not None:
                visible, masked = given.view(found[one], visible)
                withheld = sorted({*withheld, *masked})
            answers[one] = {**visible, "purpose": rule.name, "basis": basis, "withheld": withheld}
            shown.append((found[one], rule.name, sorted(visible)))
        fenced = disclose(self.store, shown, self.recipient, given and given.ids.of) if shown else set()
        answers.update({one: NotFound() for one in identifiers if found.get(one) in fenced})

    def _documents(
        self, found: dict[str, bytes], as_of: AsOf | None, rule: PurposeRule | None
    ) -> dict[str, dict[str, Any]]:
        if as_of is not None:
            past = {one: self._past(one, root, as_of, rule) for one, root in found.items()}
            return {one: document for one, document in past.items() if document}
        slot = serving(self.store)
        position = slot.checkpoint()
        rows = slot.load(set(found.values()))
        documents, now = {}, self.store.clock()
        for one, root in found.items():
            state = self._limited(one, root, states.decode(rows[root]), position, rule) if root in rows else None
            if state is not None:
                documents[one] = self.document(root, state, position, None, now, rule, {})
        return documents

    def _limited(
        self, identifier: str, root: bytes, state: State, position: int, rule: PurposeRule | None
    ) -> State | None:
        """The state as far as the purpose reads it: folded again where it holds events that it does not."""
        if rule is None or all(self.store.policy.reads(rule, type_) for type_ in state.activity.types):
            return state
        past = as_of_position(self.store, component(self.store, root), identifier, position, self.keep(rule))
        return None if past is None else past.state

    def _past(self, identifier: str, root: bytes, as_of: AsOf, rule: PurposeRule | None) -> dict[str, Any] | None:
        who, now, keep = component(self.store, root), self.store.clock(), self.keep(rule)
        if as_of.position is not None:
            past, at = as_of_position(self.store, who, identifier, as_of.position, keep), now
        else:
            at = now if as_of.time is None else as_of.time
            past = as_of_time(self.store, who, identifier, at, keep)
        if past is None:
            return None
        gone = periods_ended(self.store, since=past.position if as_of.position is None else as_of.position)
        more = {"entries_withheld": past.withheld, "periods_withheld": gone}
        return self.document(root, past.state, past.position, as_of, at, rule, more)

    def keep(self, rule: PurposeRule | None) -> Keep:
        """Whether a purpose reads an event; without one, everything is read."""
        policy = self.store.policy
        return lambda event: rule is None or event.kind not in BEHAVIOUR or policy.reads(rule, type_of(event))

    def document(
        self,
        root: bytes,
        state: State,
        position: int,
        as_of: AsOf | None,
        at: Micros,
        rule: PurposeRule | None,
        more: dict[str, Any],
    ) -> dict[str, Any]:
        """A state as a document, before it is cut to what the purpose covers; leaves the state cut already."""
        if rule is not None:  # before shares are made of it: what is left out leaves no gap
            state.interests = {name: days for name, days in state.interests.items() if name not in rule.untold}
            state.attributes = {name: said for name, said in state.attributes.items() if name not in rule.unnamed}
        population, models = self._common()
        live = {name: model for name, model in models.items() if as_of is None or _had(model, as_of)}
        seen = view(state, at=at, config=self.store.fold, population=population, models=live)
        said = None if as_of is None else as_of.text
        return {"subject": name_of(root), "position": position, "as_of": said, **more, **seen}

    def _common(self) -> tuple[Statistic | None, dict[str, Model]]:
        slot = serving(self.store)
        seen = (slot.name, self.store.slots.mark(slot.name).revision)
        if seen != self._seen:
            shared = slot.shared()
            row = shared.get(f"statistic/{INTERESTS}")
            self._population = statistic.decode(row) if row else None
            self._models = {
                name.removeprefix("model/"): decode(row) for name, row in shared.items() if name.startswith("model/")
            }
            self._seen = seen
        return self._population, self._models


def _had(model: Model, as_of: AsOf) -> bool:
    """Whether a reader of that moment could have had this model: a later one has seen what came after."""
    if as_of.position is not None:
        return model.trained_through <= as_of.position
    return as_of.time is not None and max(model.cutoffs) + LABEL_DAYS <= day_of(as_of.time)
