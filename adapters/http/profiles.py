"""Profiles out, for a purpose and under a basis, each disclosure recorded before it is answered."""

import hmac
from typing import Annotated, Any, Final

import msgspec
from fastapi import FastAPI, Header, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.desks import OpenStore
from adapters.http.errors import NotYet, problem_of
from adapters.http.parts import MEDIA, Parts, as_of_from, identifier_from, key_in
from domain.errors import LetheError
from governance.api_keys import Known
from governance.projecting import catch_up_to_head, serving
from governance.store import Store

LOOKUP: Final = 1000

Identifier = Annotated[
    str, Path(description="kind:value, such as user_id:42.", openapi_examples={"user": {"value": "user_id:42"}})
]
Purpose = Annotated[
    str, Query(description="A purpose of the policy.", openapi_examples={"one": {"value": "personalization"}})
]
When = Annotated[str | None, Query(description="A position of the log, or a time in RFC 3339.")]
Reached = Annotated[int | None, Query(ge=0, description="Answer from this position of the log or a later one.")]

DOCUMENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The profile as this purpose may see it.",
        "content": {
            "application/json": {
                "example": {
                    "subject": "s_…", "position": 1234, "as_of": None, "purpose": "personalization",
                    "basis": "legitimate_interest", "identifiers": {"user_id": ["42"]},
                    "activity": {"events": 120, "by_type": {"Order Completed": 12}}, "withheld": [],
                }
            }
        },
    },
    304: {"description": "It is the one that the reader has."},
    403: {"description": "No lawful basis, no such purpose, or not for this key."},
    404: {"description": "Unknown, erased and suppressed answer alike."},
}  # fmt: skip


class Lookup(BaseModel):
    """Many profiles for one purpose."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"identifiers": ["user_id:42", "user_id:43"], "purpose": "personalization"}},
    )

    identifiers: list[str] = Field(min_length=1, max_length=LOOKUP)
    purpose: str
    as_of: str | None = None
    at_least: int | None = Field(default=None, ge=0)


def register(app: FastAPI, parts: Parts) -> None:
    """Add these routes."""

    @app.post("/v1/profiles/lookup", name="profiles.lookup", tags=["profiles"])
    async def lookup(request: Request, asked: Lookup) -> Response:
        """Up to 1,000 profiles, in the order asked; one that may not be told is an error in its place."""
        shown, moment = key_in(request), as_of_from(asked.as_of)
        for one in asked.identifiers:
            identifier_from(one)

        def read(opened: OpenStore) -> bytes:
            known = parts.admit(opened, shown)
            _reach(opened.store, asked.at_least)
            answers = opened.reader(known).read_many(asked.identifiers, asked.purpose, moment)
            return msgspec.json.encode({"profiles": [_told(one) for one in answers]})

        return Response(await parts.desks.run(read), media_type=MEDIA)

    @app.get("/v1/profiles/{identifier:path}", name="profiles.read", tags=["profiles"], responses=DOCUMENT)
    async def profile(
        request: Request,
        identifier: Identifier,
        purpose: Purpose,
        as_of: When = None,
        at_least: Reached = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """One profile. The disclosure is on record before it is answered."""
        shown, moment = key_in(request), as_of_from(as_of)
        identifier_from(identifier)

        def read(opened: OpenStore) -> tuple[bytes, str]:
            known = parts.admit(opened, shown)
            _reach(opened.store, at_least)
            document = opened.reader(known).read(identifier, purpose, moment)
            return msgspec.json.encode(document), _tag(opened.store, known, document)

        body, tag = await parts.desks.run(read)
        headers = {"etag": tag, "cache-control": "private, no-cache"}
        if if_none_match is not None and tag in (one.strip() for one in if_none_match.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=MEDIA, headers=headers)


def _tag(store: Store, known: Known, document: dict[str, Any]) -> str:
    """Keyed, as a plain digest could be confirmed by guessing; what others did since changes only the position."""
    said = msgspec.json.encode({name: value for name, value in document.items() if name != "position"})
    digest = hmac.digest(store.fold.fold_key, b"etag/1" + known.caller.actor + said, "sha256")
    return f'W/"{digest[:16].hex()}"'


def _told(answer: dict[str, Any] | LetheError) -> dict[str, Any]:
    if isinstance(answer, LetheError):
        problem = problem_of(answer)
        return {"error": {"status": problem.status, "code": problem.code, "message": str(answer)}}
    return answer


def _reach(store: Store, position: int | None) -> None:
    """Fold up to a position that the log has. Raises NotYet."""
    if position is None or serving(store).checkpoint() >= position:
        return
    if store.log.head().size <= position:
        raise NotYet
    catch_up_to_head(store)
