"""Models: fitted by the projections when they read the act, retired when a person leaves."""

from typing import Any

from domain.acts import ModelRetired, ModelTrained, parse
from domain.clock import day_name
from domain.errors import MovedOn
from governance.projecting import TRIES, catch_up_to_head, serving
from governance.roles import require
from governance.store import Store, append_acts
from projections import statistic
from projections.scorers.model import decode

NEXT_PURCHASE = ("next_purchase_30d", 1)


def train(store: Store, cause: str) -> str:
    """Record that a model is fitted from everything so far; the projections fit it when they read the act.

    Returns the random model id. Raises NotPermitted.
    """
    require(store, "models")
    return _train(store, cause)


def _train(store: Store, cause: str) -> str:
    scorer, version = NEXT_PURCHASE
    model = store.random(16).hex()
    for _ in range(TRIES):
        through = catch_up_to_head(store)
        act = ModelTrained(model=model, scorer=scorer, version=version, through=through, cause=cause)
        position = append_acts(store, [("model_trained", act)], expected=through + 1)
        if position is not None:
            catch_up_to_head(store)
            return model
    raise MovedOn("the log grows faster than this process can follow")


def renew_models(store: Store, cause: str) -> list[str]:
    """Retire models that the projections dropped with a person, and fit new ones; returns the retired ids."""
    retired = {act.model for act in _model_acts(store, "model_retired")}
    standing = [act.model for act in _model_acts(store, "model_trained") if act.model not in retired]
    if not standing:
        return []
    live = serving_models(store)
    gone = [model for model in standing if model not in live]
    if gone:
        append_acts(store, [("model_retired", ModelRetired(model=model, cause=cause)) for model in gone])
        catch_up_to_head(store)
        if not live:
            _train(store, cause)  # follows from the erasure, whoever asked for that
    return gone


def replace_models(store: Store, cause: str) -> list[str]:
    """Retire the models that score and fit new ones, as somebody may be counted no more; returns the retired ids."""
    live = sorted(serving_models(store))
    if live:
        append_acts(store, [("model_retired", ModelRetired(model=model, cause=cause)) for model in live])
        _train(store, cause)
    return live


def serving_models(store: Store) -> set[str]:
    """The ids of the models that score now."""
    return {decode(row).model_id for name, row in serving(store).shared().items() if name.startswith("model/")}


def _model_acts(store: Store, name: str) -> list[ModelTrained | ModelRetired]:
    found = [parse(name, entry.fields or "") for entry in store.log.acts([name])]
    return [act for act in found if isinstance(act, ModelTrained | ModelRetired)]


def statistics_of(store: Store) -> list[dict[str, Any]]:
    """Each statistic's name, keyed digest, position and number of subjects. Raises NotPermitted."""
    require(store, "statistics")
    states = serving(store)
    through = states.checkpoint()
    found = {name.removeprefix("statistic/"): row for name, row in states.shared().items() if name.startswith("stat")}
    opened = {name: statistic.decode(row) for name, row in sorted(found.items())}
    return [
        {"name": name, "digest": one.digest(store.fold.fold_key), "through_position": through, "subjects": one.subjects}
        for name, one in opened.items()
    ]


def models_of(store: Store) -> list[dict[str, Any]]:
    """The models that score now, without their weights. Raises NotPermitted."""
    require(store, "models")
    found = [decode(row) for name, row in sorted(serving(store).shared().items()) if name.startswith("model/")]
    return [
        {
            "model_id": one.model_id,
            "scorer": one.scorer,
            "version": one.version,
            "trained_through": one.trained_through,
            "cutoffs": [day_name(day) for day in one.cutoffs],
            "held_out": None if one.held_out is None else day_name(one.held_out),
            "rows": one.rows,
            "metrics": one.metrics,
        }
        for one in found
    ]
