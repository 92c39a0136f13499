"""A fitted model as it is stored, and a score as it is shown. Written by hand in both directions: no pickles."""

import msgspec
from msgspec import Struct

from domain.errors import Damaged

FORMAT = 1


class Model(Struct, frozen=True, kw_only=True):
    """Log-odds by feature and bin, and what one must know to judge them."""

    format: int = FORMAT
    scorer: str
    version: int
    model_id: str = ""
    trained_through: int = -1  # log position
    cutoffs: list[int]  # days; all of them are in the final fit
    held_out: int | None  # the day of the cut-off that the metrics are measured on, by an earlier fit without it
    rows: int
    baseline: float  # log-odds of the average row
    terms: list[list[float]]  # feature, bin -> log-odds against the average row
    covariance: list[list[float]]  # of all weights feature by feature, then of the intercept
    inverse_penalty: float
    base_rate: float
    newcomers: tuple[int, int]  # rows of the youngest tenure, and how many of them purchased
    metrics: dict[str, float]  # auc, log_loss, base_rate, ece, rows; empty when no cut-off could be held out
    environment: dict[str, str]  # equal weights are promised only within one of these


class Score(Struct, frozen=True, kw_only=True):
    """A probability with its 95 % interval; the reasons sum to its log-odds."""

    value: float
    low: float
    high: float
    basis: str  # model, prior
    model_id: str | None
    trained_through: int | None
    scored_at: str
    reasons: list[tuple[str, float]]


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Model)


def named(model: Model, model_id: str, trained_through: int) -> Model:
    """The model with the id and the log position of the act that trained it."""
    return msgspec.structs.replace(model, model_id=model_id, trained_through=trained_through)


def encode(model: Model) -> bytes:
    """Canonical MessagePack."""
    return _encoder.encode(model)


def decode(row: bytes) -> Model:
    """Raises Damaged for what is not a model of this format."""
    try:
        model = _decoder.decode(row)
    except msgspec.DecodeError as error:
        raise Damaged("a model cannot be read") from error
    if model.format != FORMAT:
        raise Damaged(f"a model has unknown format {model.format}")
    return model
