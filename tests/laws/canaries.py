"""Tokens that nothing else contains, in every field that a source can fill, and where to look for them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from domain.clock import SECOND, parse_rfc3339, rfc3339
from governance.residue import Residue, encodings, scan

LIVES_AT = "2026-11-23T12:34:56.789123Z"
"""The clock of a store under watch: the moment of an append is an exact time of a person too."""


@dataclass
class Flock:
    """All tokens start alike, so that looking for the start in every encoding finds any of them."""

    start: str = field(default_factory=lambda: f"Kx{token_hex(6)}")
    count: int = 0
    moments: list[int] = field(default_factory=lambda: [parse_rfc3339(LIVES_AT)])

    def token(self) -> str:
        """A new token, safe in an identifier, a name or a key."""
        self.count += 1
        return f"{self.start}{self.count:03d}"

    def moment(self) -> str:
        """A new exact time of this year, whose microseconds nobody would guess."""
        at = parse_rfc3339("2026-03-01T00:00:00Z") + len(self.moments) * 86_411 * SECOND + int(token_hex(3), 16) * 2 + 1
        self.moments.append(at)
        return rfc3339(at)

    def needles(self) -> list[list[bytes]]:
        """The tokens' common start in every encoding, and every moment as text and as a number."""
        return [encodings(self.start.encode()), *(_forms(at) for at in self._all_moments())]

    def found_in(self, paths: Iterable[Path]) -> list[str]:
        """Where a token or a moment lies: file and place, never the token."""
        return told(scan(self.needles(), paths))

    def _all_moments(self) -> list[int]:
        """What was sent, and what skew correction may have made of it."""
        now = self.moments[0]
        pairs = zip(self.moments[1:], self.moments[2:], strict=False)
        return [*self.moments, *(now - abs(later - earlier) for earlier, later in pairs)]


def told(residue: Residue) -> list[str]:
    """The hits of a scan by needle, file and offset."""
    return [f"needle {hit.needle} in {hit.path} at {hit.offset}" for hit in residue.hits]


def _forms(at: int) -> list[bytes]:
    numbers = [at.to_bytes(8, order) for order in ("big", "little")]
    texts = [str(at), str(at // 1000), rfc3339(at), rfc3339(at).removesuffix("Z")]
    return [*numbers, *(text.encode() for text in texts)]


def life(flock: Flock) -> tuple[str, list[dict[str, Any]]]:
    """A person's calls with a token in every field; returns its user id too."""
    token, moment = flock.token, flock.moment
    person, device, older = token(), token(), token()

    def sent(kind: str, **more: Any) -> dict[str, Any]:
        context = {token(): token(), "page": {"url": f"https://example.org/{token()}?q={token()}"}, "ip": token()}
        times = {"originalTimestamp": moment(), "sentAt": moment()}
        return {"type": kind, "userId": person, "messageId": token(), "context": context, **times, **more}

    deep = {token(): [{token(): token()}, token(), None], "list": [token(), [token()]]}
    mail = {"externalIds": [{"type": "email", "id": f"{token()}@example.org"}], "traits": {token(): token()}}
    product = {"product_id": token(), "category": token(), "price": 12.5, "currency": "USD"}
    return person, [
        sent("identify", anonymousId=device, traits={"email": f"{token()}@example.org", token(): token(), **deep}),
        sent("identify", context=mail, traits={"city": token()}),
        sent("track", event=token(), properties={token(): token(), **deep}),
        sent("track", event="Product Viewed", anonymousId=device, properties=product),
        sent("track", event="Order Completed", properties={**product, "revenue": 99.5, "products": [product]}),
        sent("track", event="Product Reviewed", properties={"product_id": token(), "review": token(), "rating": 4}),
        sent("track", event="Products Searched", properties={"query": token()}),
        {"type": "track", "anonymousId": older, "event": token(), "timestamp": moment(), "messageId": token()},
        sent("alias", previousId=older),
        sent("page", name=token(), category=token(), properties={"title": token()}),
        sent("screen", name=token()),
        sent("group", groupId=token(), traits={token(): token()}),
    ]


def malformed(flock: Flock) -> list[bytes]:
    """Lines that are refused, each for another reason, with tokens where they are wrong and elsewhere."""
    token = flock.token
    good: dict[str, Any] = {"type": "track", "userId": token(), "event": token(), "messageId": token()}
    wrong = [
        {**good, "type": token()},
        {**good, "event": [token()]},
        {**good, "event": None, token(): token()},
        {**good, "userId": {token(): token()}},
        {**good, "userId": "null", "anonymousId": token() * 30},
        {**good, "timestamp": token()},
        {**good, "sentAt": {"at": token()}},
        {**good, "properties": token()},
        {**good, "properties": {token(): {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {token(): 1}}}}}}}}}}},
        {**good, "properties": {token(): token() * 3000}},
        {**good, "context": {"externalIds": [{"type": f"{token()} {token()}", "id": token()}]}},
        {**good, "messageId": token() * 20},
        {**good, "type": "alias", "previousId": [token()]},
        {"batch": [token(), {**good, "event": 7}]},
        [token()],
    ]
    broken = [f'{{"type": "track", "userId": "{token()}"', token(), f'{{"type":"track","event":NaN,"a":"{token()}"}}']
    texts = [*map(json.dumps, wrong), *broken]
    return [*(text.encode() for text in texts), b'"\xff' + token().encode()]
