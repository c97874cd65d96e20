"""Errors as HTTP: every failure leaves in the one shape `{"error": {code, message, type, param, request_id}}`.

The only place that knows status codes. It knows no route.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.errors import FrontdeskError

logger = logging.getLogger(__name__)

_STATUS_OF_CODE = {
    "invalid_request": 422,
    "unauthenticated": 401,
    "not_found": 404,
    "conflict": 409,
    "interrupted": 409,
    "expired": 410,
    "taken": 409,
    "overloaded": 503,
    "tool_unavailable": 502,
    "uncertain": 504,
    "model_unavailable": 502,
    "unreadable_document": 422,
}
_CODE_OF_STATUS = {401: "unauthenticated", 404: "not_found", 413: "too_large", 503: "overloaded"}
_RETRY_AFTER = {429: 5.0, 503: 2.0}  # seconds, where the error itself does not say


class UnauthenticatedError(FrontdeskError):
    """Nobody vouches for this request, and the server does not take it without."""

    code = "unauthenticated"


def install(app: FastAPI) -> None:
    """Make every error that leaves `app` leave in the one shape."""
    app.exception_handler(FrontdeskError)(_frontdesk)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(Exception)(_unexpected)


def error_response(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    retry_after: float | None = None,
) -> JSONResponse:
    """The one shape, with the request's id and, for a refusal that passes, `Retry-After`."""
    request_id = request.headers.get("X-Request-ID")
    error = {"code": code, "message": message, "type": _type(status), "param": param, "request_id": request_id}
    headers = {}
    wait = retry_after if retry_after is not None else _RETRY_AFTER.get(status)
    if wait is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return JSONResponse({"error": error}, status, headers)


def response_of_code(
    request: Request, code: str, message: str, *, param: str | None = None, retry_after: float | None = None
) -> JSONResponse:
    """An error known by its code, as an `error` event carries it, as a response."""
    status = _STATUS_OF_CODE.get(code, 500)
    return error_response(request, status, code, message, param=param, retry_after=retry_after)


def _type(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status in _RETRY_AFTER:
        return "overloaded_error"
    return "invalid_request_error" if status < 500 else "server_error"


def _frontdesk(request: Request, error: FrontdeskError) -> JSONResponse:
    return response_of_code(request, error.code, error.message, param=error.param, retry_after=error.retry_after)


def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    problem = error.errors()[0]
    if problem["type"] == "json_invalid":
        message = f"The body is not JSON: {problem['ctx']['error']} at character {problem['loc'][-1]}."
        return error_response(request, 400, "invalid_request", message)
    param = _param(problem["loc"])
    message = f"`{param}`: {problem['msg']}." if param else f"{problem['msg']}."
    return error_response(request, 422, "invalid_request", message, param=param)


def _param(location: Sequence[Any]) -> str | None:
    return ".".join(str(part) for part in location[1:]) or None


def _http(request: Request, error: HTTPException) -> JSONResponse:
    code = _CODE_OF_STATUS.get(error.status_code, "invalid_request")
    response = error_response(request, error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_response(request, 500, "internal_error", "Something went wrong on our side; it was logged.")
