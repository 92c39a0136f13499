"""What a person says of the use of his data, over HTTP: consent, objection, restriction."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from adapters.http.parts import Parts, as_of_from, identifier_from, moment
from governance import consenting
from governance.api_keys import Known
from governance.consent_record import consent_of, consent_receipt, consent_record
from governance.consenting import How
from governance.store import Store

Identifier = Annotated[str, Path(description="kind:value, such as user_id:42.")]
Word = Literal["granted", "refused", "withdrawn", "objected", "objection_withdrawn"]

WORDS: Final[Mapping[str, Callable[[Store, str, str, How], dict[str, Any]]]] = {
    "granted": consenting.grant,
    "refused": consenting.refuse,
    "withdrawn": consenting.withdraw,
    "objected": consenting.object_to,
    "objection_withdrawn": consenting.take_back_objection,
}


class Saying(BaseModel):
    """How something was said: what an auditor asks for."""

    model_config = ConfigDict(extra="forbid")

    method: str = "api"
    language: str = ""
    evidence: str = ""  # a reference to the proof, not the proof itself


class Consent(Saying):
    """One word of a person about one purpose."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"purpose": "marketing", "word": "granted", "method": "web-form"}},
    )

    purpose: str
    word: Word
    notice: int | None = None  # version that was shown; the newest where none is named
    until: str | None = None  # a consent ends by itself then


class Restriction(Saying):
    """Keep what is known, and use it for nothing; or, without a ground, use it again."""

    ground: str | None = None


def register(app: FastAPI, parts: Parts) -> None:
    """Add these routes."""

    @app.get("/v1/consents/{identifier:path}", name="consents.read", tags=["consents"])
    async def read(
        request: Request,
        identifier: Identifier,
        as_of: str | None = None,
        form: Annotated[Literal["standing", "record", "receipt"], Query()] = "standing",
    ) -> Response:
        """The standing by purpose, now or as it was; the consent record (ISO/IEC TS 27560), or the person's copy."""
        name, then = identifier_from(identifier), as_of_from(as_of)

        def told(store: Store, known: Known) -> dict[str, Any]:
            if form == "standing":
                return consent_of(store, name, known.key.name, then)
            say = consent_record if form == "record" else consent_receipt
            return say(store, name, known.key.name, None)

        return await parts.answer(request, told)

    @app.post("/v1/consents/{identifier:path}", name="consents.say", tags=["consents"])
    async def say(request: Request, identifier: Identifier, said: Consent) -> Response:
        """Record one word of a person: it counts from the answer on."""
        name = identifier_from(identifier)
        how = How(said.method, said.notice, said.language, said.evidence, moment(said.until, "until"))
        return await parts.answer(request, lambda store, _: WORDS[said.word](store, name, said.purpose, how))

    @app.post("/v1/restrictions/{identifier:path}", name="restrictions.say", tags=["consents"])
    async def restrict(request: Request, identifier: Identifier, said: Restriction) -> Response:
        """Restrict a person's data for a ground, or without one lift the restriction; he is told before."""
        name = identifier_from(identifier)
        how = How(method=said.method, language=said.language, evidence=said.evidence)

        def told(store: Store, _: Known) -> dict[str, Any]:
            if said.ground is None:
                return consenting.lift(store, name, how)
            return consenting.restrict(store, name, said.ground, how)

        return await parts.answer(request, told)
