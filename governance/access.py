"""The door out: a profile for a declared purpose, under a basis that holds now, recorded before it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.clock import day_of, rfc3339
from domain.errors import LetheError, NotFound
from domain.events import Micros
from governance.consent import Standing, standing
from governance.disclosures import disclose
from governance.keyring import EVIDENCE
from governance.pointintime import as_of_position, as_of_time
from governance.policy import PurposeRule
from governance.projecting import serving
from governance.purposes import basis_for, covered
from governance.store import Store, require_policy
from governance.subjects import component, find_all, name_of, own_entries
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
    """Answers reads; keeps what is shared by all of them while the projections stand still."""

    store: Store
    recipient: str
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
        rule = self.store.policy.purpose(purpose)
        answers: dict[str, dict[str, Any] | LetheError] = {}
        for start in range(0, len(identifiers), LOOKUP):
            self._answer(identifiers[start : start + LOOKUP], purpose, rule, as_of, answers)
        return [answers[one] for one in identifiers]

    def _answer(
        self,
        identifiers: Sequence[str],
        purpose: str,
        rule: PurposeRule,
        as_of: AsOf | None,
        answers: dict[str, dict[str, Any] | LetheError],
    ) -> None:
        with self.store.keyring.database.reading() as rows:
            require_policy(self.store, rows)
        found = find_all(self.store, identifiers)
        documents = self._documents(found, as_of)
        shown: list[tuple[bytes, str, list[str]]] = []
        for one in identifiers:
            if one not in documents:
                answers[one] = NotFound()
                continue
            try:
                basis = basis_for(rule, self._standing(found[one]))
            except LetheError as error:
                answers[one] = error
                continue
            visible, withheld = covered(documents[one], rule)
            answers[one] = {**visible, "purpose": purpose, "basis": basis, "withheld": withheld}
            shown.append((found[one], purpose, sorted(visible)))
        fenced = disclose(self.store, shown, self.recipient) if shown else set()
        answers.update({one: NotFound() for one in identifiers if found.get(one) in fenced})

    def _documents(self, found: dict[str, bytes], as_of: AsOf | None) -> dict[str, dict[str, Any]]:
        if as_of is not None:
            return {one: document for one, root in found.items() if (document := self._past(one, root, as_of))}
        slot = serving(self.store)
        position = slot.checkpoint()
        rows = slot.load(set(found.values()))
        return {
            one: self._document(root, states.decode(rows[root]), position, None, self.store.clock(), {})
            for one, root in found.items()
            if root in rows
        }

    def _past(self, identifier: str, root: bytes, as_of: AsOf) -> dict[str, Any] | None:
        who, now = component(self.store, root), self.store.clock()
        if as_of.position is not None:
            past, at = as_of_position(self.store, who, identifier, as_of.position), now
        else:
            at = now if as_of.time is None else as_of.time
            past = as_of_time(self.store, who, identifier, at)
        if past is None:
            return None
        return self._document(root, past.state, past.position, as_of, at, {"entries_withheld": past.withheld})

    def _document(
        self, root: bytes, state: State, position: int, as_of: AsOf | None, at: Micros, more: dict[str, Any]
    ) -> dict[str, Any]:
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

    def _standing(self, root: bytes) -> Standing:
        who = component(self.store, root)
        if not any(row.klass == EVIDENCE for row in who.keys):
            return standing([])
        own = own_entries(self.store, who, classes={EVIDENCE})
        return standing([event for _, _, _, body in own.bodies for event in body.events])


def _had(model: Model, as_of: AsOf) -> bool:
    """Whether a reader of that moment could have had this model: a later one has seen what came after."""
    if as_of.position is not None:
        return model.trained_through <= as_of.position
    return as_of.time is not None and max(model.cutoffs) + LABEL_DAYS <= day_of(as_of.time)
