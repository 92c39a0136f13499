"""What is kept and what goes by itself, over HTTP: holds, retention, duties, the policy."""

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.parts import Parts, hex_from, identifier_from, moment
from domain.errors import BadInput
from governance import duties, holds, retention
from governance.api_keys import Known
from governance.removing import Outcome
from governance.roles import require
from governance.store import Store

WAIT_SECONDS = 10.0


class HoldAsked(BaseModel):
    """Whose data must not be destroyed, why, and until when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"identifier": "user_id:42", "ground": "legal_claims", "until": "2027-12-31T00:00:00Z"}
        },
    )

    identifier: str
    ground: str
    until: str
    classes: list[str] = Field(default_factory=list)
    first: str | None = None  # months, YYYY-MM
    last: str | None = None


def register(app: FastAPI, parts: Parts) -> None:
    """Add these routes."""

    @app.get("/v1/holds", name="holds.list", tags=["retention"])
    async def held(request: Request) -> Response:
        """Every hold that was set and not released."""
        return await parts.answer(request, lambda store, _: holds.list_holds(store))

    @app.post("/v1/holds", name="holds.set", tags=["retention"], status_code=201)
    async def hold(request: Request, asked: HoldAsked) -> Response:
        """Keep a person's data from erasure and retention."""
        name, end = identifier_from(asked.identifier), moment(asked.until, "until") or 0
        first, last = _month(asked.first, "first"), _month(asked.last, "last")

        def done(store: Store, _: Known) -> dict[str, Any]:
            ident = holds.set_hold(
                store, name, ground=asked.ground, until=end, classes=asked.classes, first=first, last=last
            )
            return {"hold": ident.hex(), "status": "set"}

        return await parts.answer(request, done, status=201)

    @app.delete("/v1/holds/{hold}", name="holds.release", tags=["retention"])
    async def release(request: Request, hold: str) -> Response:
        """End a hold; an erasure that it held back completes at once."""
        ident = hex_from(hold, "hold")

        def done(store: Store, _: Known) -> dict[str, Any]:
            require(store, "hold")
            holds.release(store, ident)
            completed = retention.complete_holds(store, wait_seconds=WAIT_SECONDS)
            return {"hold": ident.hex(), "status": "released", "completed": [_told(one) for one in completed]}

        return await parts.answer(request, done)

    @app.get("/v1/retention", name="retention.plan", tags=["retention"])
    async def plan(request: Request, months: Annotated[int, Query(ge=0, le=1200)] = 12) -> Response:
        """What is due now, and what comes due."""
        return await parts.answer(request, lambda store, _: retention.plan(store, months_ahead=months))

    @app.post("/v1/retention/apply", name="retention.apply", tags=["retention"])
    async def applied(request: Request) -> Response:
        """Destroy what is due, now: the service does it by itself every day."""

        def done(store: Store, _: Known) -> dict[str, Any]:
            outcomes = retention.apply(store, wait_seconds=WAIT_SECONDS)
            retired = sorted({model for one in outcomes for model in one.models_retired})
            return {"removals": [_told(one) for one in outcomes], "models_retired": retired}

        return await parts.answer(request, done)

    @app.get("/v1/duties", name="duties.list", tags=["operations"])
    async def listed(request: Request) -> Response:
        """What the store has to do by itself: when it did, what came of it, what is overdue."""
        return await parts.answer(request, lambda store, _: duties.shown(store))


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "case": outcome.case, "status": outcome.status, "position": outcome.position,
        "keys_destroyed": outcome.keys_destroyed, "bodies_purged": outcome.bodies_purged,
    }  # fmt: skip


def _month(text: str | None, field: str) -> int:
    try:
        return 0 if text is None else retention.month_from(text)
    except ValueError:
        raise BadInput("request", field, "a month as YYYY-MM") from None
