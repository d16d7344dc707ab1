"""Failures of requests: what is logged though nobody waits for the answer any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from xucd.center.refused import Refused
from xucd.web.failures import log_unseen

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
