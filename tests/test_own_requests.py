"""What the log says of requests that xucd makes by itself, and that Asterisk refuses.

The Asterisk here is a script: a call that ends between its event and the answer to it comes about
on a real one now and then only.
"""

from __future__ import annotations

from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from tests.scene import Scene
from tests.test_context import Script, a_context
from xucd.ami.actions import Action
from xucd.ami.errors import ConnectionLost, Rejected
from xucd.app.service import Pbx, Service
from xucd.center.intents import HangUp, Intent, MarkCaller, MarkRecording, SetPause
from xucd.center.refused import Refused
from xucd.commands.context import Options
from xucd.views.statuses import with_own


class Refusing:
    """A connection to an Asterisk that refuses everything so."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def begin(self, action: Action, timeout: float) -> None:
        raise Rejected(action.name, self.text)


async def logged(intent: Intent, refusal: str) -> list[Any]:
    nobody = cast(Any, None)
    context = a_context(Scene(), Script())
    context.options = Options(statuses=with_own(()))
    service = Service(context, nobody, nobody, Pbx(nobody, nobody, nobody), strict_rights=False)
    service.connection = cast(Any, Refusing(refusal))
    with capture_logs() as entries:
        await service._send_own(intent)
    return [(entry["log_level"], entry["code"]) for entry in entries]


@pytest.mark.parametrize(
    "intent",
    [
        MarkRecording("PJSIP/1001-1", "0"),
        MarkCaller("PJSIP/1001-1", "support"),
        HangUp("PJSIP/1001-1"),
    ],
)
async def test_that_a_call_has_ended_meanwhile_is_nothing_to_warn_of(intent: Intent) -> None:
    assert await logged(intent, "No such channel") == []


async def test_any_other_refusal_is_warned_of() -> None:
    refusal = "Permission denied"
    assert await logged(SetPause("PJSIP/1001", True, "lunch"), refusal) == [
        ("warning", "AsteriskPermissionDenied")
    ]


@pytest.mark.parametrize("reachable", [True, False])
async def test_what_asterisk_may_have_done_as_the_link_broke_is_a_part_done(
    reachable: bool,
) -> None:
    class Breaking:
        connected = reachable

        async def ask(self, intent: Intent) -> None:
            raise ConnectionLost("gone")

    nobody = cast(Any, None)
    context = a_context(Scene(), Script())
    context.options = Options(statuses=with_own(()))
    service = Service(context, nobody, nobody, Pbx(nobody, nobody, nobody), strict_rights=False)
    service.connection = cast(Any, Breaking())
    with pytest.raises(Refused) as refused:
        await service.send(SetPause("PJSIP/1001", True, "lunch"))
    assert refused.value.partly is reachable
