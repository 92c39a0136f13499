"""Errors as answers: RFC 9457 problem details that also carry `code` and `message`, which tracking clients read."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from domain.errors import (
    BadInput,
    Damaged,
    DisclosedMeanwhile,
    Fenced,
    LetheError,
    MergedMeanwhile,
    MovedOn,
    NoBasis,
    NotFound,
    Refused,
    Unavailable,
    WaitingForReader,
)
from governance.api_keys import NotAuthenticated
from governance.cases import NeedsAnother, WrongState


class TooLarge(LetheError):
    """The body is larger than the service takes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"a body has at most {limit_bytes} bytes")


class BadBody(BadInput):
    """The body is no call and no batch of them; nothing of it was taken in."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__("body", field, expected)


class TooMany(LetheError):
    """The key has made as many calls as it may, for now."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__("too many calls with this key; come again later")
        self.wait_seconds = wait_seconds


class Busy(LetheError):
    """As much waits already as may."""

    def __init__(self) -> None:
        super().__init__("too much is waiting; come again later")


class NotYet(LetheError):
    """The log has not reached the position that the reader asks for."""

    def __init__(self) -> None:
        super().__init__("the log has not reached this position")


class Problem(NamedTuple):
    """How a kind of error is answered."""

    status: int
    code: str
    en: str
    zh: str


STATUS: Final[Mapping[type[Exception], Problem]] = {
    NotAuthenticated: Problem(401, "unauthorized", "An API key is needed.", "需要有效的 API 密钥。"),
    NotFound: Problem(404, "not_found", "There is no such subject or thing.", "没有此主体或对象。"),
    NoBasis: Problem(403, "no_basis", "No lawful basis for this purpose.", "该目的没有合法性基础。"),
    Fenced: Problem(404, "not_found", "There is no such subject or thing.", "没有此主体或对象。"),
    WrongState: Problem(409, "wrong_state", "The request is not at this step.", "该请求目前不能执行此步骤。"),
    NeedsAnother: Problem(409, "needs_another", "A second person has to approve.", "须由另一人批准。"),
    MergedMeanwhile: Problem(409, "merged", "The subject was merged meanwhile.", "该主体已被合并。"),
    DisclosedMeanwhile: Problem(409, "disclosed", "The profile was disclosed meanwhile.", "该画像已另行提供。"),
    NotYet: Problem(409, "not_yet", "The log is not that far yet.", "日志尚未到达该位置。"),
    Refused: Problem(403, "refused", "Policy or role does not allow it.", "策略或角色不允许。"),
    BadBody: Problem(400, "invalid_body", "The body cannot be read.", "无法读取请求正文。"),
    BadInput: Problem(422, "bad_input", "The input is not what is expected.", "输入不符合要求。"),
    TooLarge: Problem(413, "too_large", "The request is too large.", "请求过大。"),
    TooMany: Problem(429, "too_many_requests", "Too many calls.", "调用过于频繁。"),
    Busy: Problem(503, "busy", "The service is busy.", "服务繁忙。"),
    Unavailable: Problem(503, "unavailable", "The store or its keys cannot be reached.", "存储或密钥不可用。"),
    MovedOn: Problem(503, "moved_on", "Others were faster; try again.", "请重试。"),
    WaitingForReader: Problem(503, "waiting", "A reader keeps old pages; try again.", "请稍后重试。"),
    Damaged: Problem(500, "damaged", "What is stored is not what was written.", "存储的数据与写入时不符。"),
}
"""The answer by error; the first class that fits decides."""

UNEXPECTED: Final = Problem(500, "unexpected", "Something unexpected happened.", "发生意外错误。")
ROUTING: Final = {404: "没有此地址。", 405: "此地址不支持该方法。"}
RETRY_SECONDS: Final = 2
MEDIA: Final = "application/problem+json"
ALLOW_ANY: Final = {"access-control-allow-origin": "*"}


def register(app: FastAPI) -> None:
    """Answer every error in this shape; what is no error of ours gets there by the middleware."""
    app.add_exception_handler(LetheError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _routing)


def problem_of(error: Exception) -> Problem:
    """How an error is answered."""
    return next((problem for kind, problem in STATUS.items() if isinstance(error, kind)), UNEXPECTED)


def answer(error: Exception, *, zh: bool = False) -> JSONResponse:
    """The response to an error; the texts of errors of ours name nobody, those of others are not shown."""
    problem = problem_of(error)
    told = NotFound() if isinstance(error, Fenced) else error  # who is being erased is answered as one unknown
    message = str(told) if isinstance(told, LetheError) else problem.en
    headers = {}
    if problem.status in (429, 503):
        wait = max(1, error.wait_seconds) if isinstance(error, TooMany) else RETRY_SECONDS
        headers = {"retry-after": str(wait), "x-ratelimit-reset": str(wait)}
    if problem.status == 401:
        headers = {"www-authenticate": 'Bearer, Basic realm="lethe"'}
    return respond(problem, message, zh=zh, headers=headers)


def respond(
    problem: Problem, message: str, *, zh: bool = False, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Problem details."""
    document = {
        "type": f"urn:lethe:problem:{problem.code}",
        "title": problem.zh if zh else problem.en,
        "status": problem.status,
        "detail": message,
        "code": problem.code,
        "message": message,
        **more,
    }
    return JSONResponse(
        document, status_code=problem.status, headers={**ALLOW_ANY, **(headers or {})}, media_type=MEDIA
    )


def _ours(request: Request, error: Exception) -> JSONResponse:
    return answer(error, zh=_wants_chinese(request))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Names the fields and never their values: the library's own answer would repeat the input."""
    assert isinstance(error, RequestValidationError)
    problem = STATUS[BadInput]
    fields = sorted({_field(fault) for fault in error.errors()})
    said = f"not what is expected: {', '.join(fields)}"
    return respond(problem, said, zh=_wants_chinese(request), fields=fields)


def _field(fault: Mapping[str, Any]) -> str:
    """Where it is wrong; the name of a field that we do not know is the sender's own text."""
    names = [one for one in fault["loc"] if isinstance(one, str)]
    if fault["type"] == "extra_forbidden":
        names[-1] = "*"
    return ".".join(names)


def _routing(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(
        error.status_code, phrase.lower().replace(" ", "_"), phrase, ROUTING.get(error.status_code, phrase)
    )
    return respond(problem, phrase, zh=_wants_chinese(request), headers=error.headers)


def _wants_chinese(request: Request) -> bool:
    return request.headers.get("accept-language", "").lower().startswith("zh")
