"""Requests of data subjects over HTTP: the steps that `lethe request` takes, and the certificate at the end."""

import base64
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.parts import Parts, hex_from, identifier_from, moment
from domain.clock import rfc3339
from governance import requests
from governance.api_keys import Known
from governance.certificate import certificate
from governance.package_file import seal_package
from governance.packages import Package
from governance.request_runs import Deliver, How, run
from governance.requests import Asking
from governance.store import Store

Step = Literal["ask", "verify", "approve", "deny", "cancel", "extend", "run"]
WAIT_SECONDS = 10.0


class Asked(BaseModel):
    """What a requester asks for. Fields are those of `lethe request open`."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"kind": "erasure", "identifier": "user_id:42"}}
    )

    kind: str
    identifier: str
    jurisdiction: str | None = None
    received: str | None = None
    requester: str = "self"
    evidence: str = ""
    purpose: str = ""  # of an objection
    ground: str = ""  # of a restriction
    informed: str = ""  # of a lift
    score: str = ""  # of a review
    values: dict[str, Any] = Field(default_factory=dict)  # of a rectification
    note: str = ""


class Taken(BaseModel):
    """One step, with what it needs."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"method": "signed_in", "evidence": "ticket-17"}}
    )

    method: str = ""  # of verify
    evidence: str = ""
    authority: str = ""
    identifier: str | None = None  # of verify: whom the requester turned out to be
    values: dict[str, Any] = Field(default_factory=dict)
    reason: str = ""  # of deny and extend
    decision: str = ""  # of a review that is run
    note: str = ""


NOTHING = Taken()


def register(app: FastAPI, parts: Parts) -> None:
    """Add these routes."""

    @app.post("/v1/requests", name="requests.open", tags=["requests"], status_code=201)
    async def opened(request: Request, asked: Asked) -> Response:
        """Open a request. The answer is alike for a person who is known, unknown or erased."""
        asking = _asking(asked)
        return await parts.answer(request, lambda store, _: requests.open_request(store, asking), status=201)

    @app.get("/v1/requests", name="requests.list", tags=["requests"])
    async def listed(request: Request, all: bool = False, overdue: bool = False, limit: int = 1000) -> Response:
        """Open requests, the most urgent first."""
        bound = max(1, min(limit, 1000))
        return await parts.answer(
            request,
            lambda store, _: requests.list_requests(store, open_only=not all, overdue_only=overdue, limit=bound),
        )

    @app.get("/v1/requests/{case}", name="requests.read", tags=["requests"])
    async def shown(request: Request, case: str) -> Response:
        """Everything that the case says, for the officer."""
        ident = hex_from(case, "request")
        return await parts.answer(request, lambda store, _: requests.show(store, ident))

    @app.post("/v1/requests/{case}/{step}", name="requests.step", tags=["requests"])
    async def stepped(request: Request, case: str, step: Step, said: Taken = NOTHING) -> Response:
        """Take a step: ask, verify, approve, deny, cancel, extend, run. A package is answered sealed, with its code."""
        ident = hex_from(case, "request")
        name = None if said.identifier is None else identifier_from(said.identifier)
        return await parts.answer(request, lambda store, _: _take(store, ident, step, said, name))

    @app.get("/v1/certificates/{case}", name="certificates.read", tags=["requests"])
    async def certified(request: Request, case: str) -> Response:
        """The certificate of an erasure that was carried out; it is checked without the store."""
        ident = hex_from(case, "request")

        def made(store: Store, _: Known) -> dict[str, Any]:
            return certificate(store, ident)

        return await parts.answer(request, made)


def _asking(asked: Asked) -> Asking:
    about = {"purpose": asked.purpose, "ground": asked.ground, "informed": asked.informed, "score": asked.score}
    return Asking(
        kind=asked.kind,
        identifier=identifier_from(asked.identifier),
        jurisdiction=asked.jurisdiction,
        received=moment(asked.received, "received"),
        requester=asked.requester,
        evidence=asked.evidence,
        about={name: value for name, value in about.items() if value},
        values=asked.values,
        note=asked.note,
    )


def _take(store: Store, case: bytes, step: Step, said: Taken, identifier: str | None) -> dict[str, Any]:
    match step:
        case "ask":
            return requests.ask(store, case, note=said.note)
        case "verify":
            return requests.verify(
                store, case, method=said.method, evidence=said.evidence, authority=said.authority,
                identifier=identifier, values=said.values,
            )  # fmt: skip
        case "approve":
            return requests.approve(store, case)
        case "deny":
            return requests.deny(store, case, said.reason, note=said.note)
        case "cancel":
            return requests.cancel(store, case)
        case "extend":
            return requests.extend(store, case, said.reason)
        case "run":
            how = How(deliver=_sealed(store), decision=said.decision, note=said.note, wait_seconds=WAIT_SECONDS)
            return run(store, case, how)


def _sealed(store: Store) -> Deliver:
    """The package in the answer, and its code, which is nowhere else."""

    def deliver(package: Package) -> dict[str, Any]:
        sealed = seal_package(package.files, expires=package.expires, random=store.random)
        content = base64.b64encode(sealed.content).decode()
        return {"package": content, "code": sealed.code, "expires": rfc3339(package.expires)}

    return deliver
