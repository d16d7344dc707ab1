"""Failures of requests: what is logged though nobody waits for the answer any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET

from tests.web_server import BRUCE
from xucd.center.refused import Refused
from xucd.web.errors import HttpError
from xucd.web.failures import hung_up, log_unseen
from xucd.web.link_resource import LinkResource

REQUEST = SimpleNamespace(path=b"/xuc/api/2.0/callback_lists")


@pytest.mark.parametrize(
    ("error", "hangs_up", "logged"),
    [
        (RuntimeError("unforeseen"), True, True),
        (Refused("ListUnknown", "There is no such list."), True, False),
        (RuntimeError("answered with 500"), False, False),
    ],
)
async def test_what_nobody_has_foreseen_is_logged_when_the_client_has_gone(
    error: Exception, hangs_up: bool, logged: bool
) -> None:
    may_fail = asyncio.Event()

    async def work() -> None:
        await may_fail.wait()
        raise error

    with capture_logs() as logs:
        task = asyncio.ensure_future(work())
        waited = asyncio.shield(task)
        task.add_done_callback(lambda task: log_unseen(REQUEST, task, waited))
        if hangs_up:
            waited.cancel()
        may_fail.set()
        await asyncio.gather(task, waited, return_exceptions=True)
    assert [entry["exc_info"] for entry in logs] == ([error] if logged else [])


@pytest.mark.parametrize(
    "error", [HttpError(401, "InvalidCredentials", "No."), Refused("ListUnknown", "No such list.")]
)
def test_a_refusal_that_nobody_waits_for_any_more_is_no_failure(error: Exception) -> None:
    with pytest.raises(CancelledError):
        hung_up(Failure(error), SimpleNamespace(channel=None))  # type: ignore[no-untyped-call]
    failure = Failure(error)  # type: ignore[no-untyped-call]
    assert hung_up(failure, SimpleNamespace(channel=object())) is failure


def test_a_client_that_has_gone_before_its_upgrade_gets_no_link() -> None:
    link = LinkResource(None, BRUCE)
    assert link.render(SimpleNamespace(channel=None)) == NOT_DONE_YET
