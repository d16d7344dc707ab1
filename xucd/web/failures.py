"""The answers to failed requests."""

import asyncio
from traceback import format_exception
from typing import Any

import structlog
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from xucd.center.refused import Refused
from xucd.signin.errors import SignInRefused
from xucd.store import StoreError
from xucd.web.errors import HttpError, answer_error

# The statuses of `Refused`, by its code; all other codes are 422.
STATUSES = {
    "NotAuthorized": 403,
    "FeatureDisabled": 403,
    "CallbackUnknown": 404,
    "ListUnknown": 404,
    "MemberUnknown": 409,
    "NotAdoptable": 409,
    "CallbackTaken": 409,
    "CallbackClotured": 409,
    "NotTaken": 409,
    "AsteriskUnavailable": 503,
    "PbxUnavailable": 503,
    "StoreUnavailable": 503,
}

# The statuses of `SignInRefused`, by its code.
SIGN_IN_STATUSES = {
    "InvalidCredentials": 401,
    "AccessDenied": 403,
    "SignInFailed": 403,
    "UserUnknown": 403,
    "InvalidToken": 403,
    "TokenExpired": 403,
    "TooManyRequests": 429,
    "SignInUnavailable": 503,
}

# What a request may fail with, though nothing is wrong with xucd.
_FORESEEN = HttpError | Refused | SignInRefused | StoreError

log = structlog.get_logger()


def answer_failure(request: Any, failure: Any) -> bytes:
    """Set a request's answer to an error; returns the bytes to write.

    `failure` is Twisted's. An unexpected exception is logged.
    """
    return answer_error(request, http_error(request.path, failure.value))


def hung_up(failure: Failure, request: Any) -> Failure:
    """Turn what is no failure once the client has gone into what Klein does not take for one."""
    gone = request.channel is None and isinstance(failure.value, _FORESEEN)
    if gone or isinstance(failure.value, asyncio.CancelledError):
        raise CancelledError
    return failure


def log_unseen(request: Any, task: asyncio.Task[Any], waited: asyncio.Future[Any]) -> None:
    """Log an unexpected exception of a task whose client has hung up."""
    if not waited.cancelled() or task.cancelled():
        return
    error = task.exception()
    if error is not None and not isinstance(error, _FORESEEN):
        path = request.path.decode("ascii", "replace")
        log.error("an HTTP request failed after its client had gone", path=path, exc_info=error)


def http_error(path: bytes, failed: BaseException) -> HttpError:
    """The error that a request for a path is answered with. An unexpected exception is logged."""
    match failed:
        case HttpError() as error:
            return error
        case Refused(code=code, text=text):
            return HttpError(STATUSES.get(code, 422), code, text)
        case SignInRefused(code=code, message=message, wait=wait):
            headers = {} if wait is None else {"Retry_After": str(wait)}
            return HttpError(SIGN_IN_STATUSES[code], code, message, **headers)
        case MethodNotAllowed(valid_methods=methods):
            text = "This address does not support this method."
            return HttpError(405, "MethodNotAllowed", text, Allow=", ".join(sorted(methods or ())))
        case HTTPException():  # one with doubled slashes would be redirected
            return HttpError(404, "NotFound", "This address does not exist.")
        case StoreError():
            log.warning("a request failed, as the database does", reason=str(failed))
            text = "xucd cannot use its database at the moment."
            return HttpError(503, "StoreUnavailable", text)
    where = path.decode("ascii", "replace")
    log.error("an HTTP request failed", path=where, traceback="".join(format_exception(failed)))
    text = "xucd could not serve this request; its log has the details."
    return HttpError(500, "InternalError", text)
