"""One request that xucd makes of Asterisk by itself: no command waits for it and is refused."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from xucd.ami.actions import for_intent
from xucd.ami.connection import Connection
from xucd.ami.errors import AmiError
from xucd.center.intents import Intent, Nudge

log = structlog.get_logger()

OWN_S = 30.0
"""How long Asterisk has for what xucd asks of it by itself, in seconds: once it has restarted, all
members are put back. The state is current no earlier, so no command waits behind them."""


def send_own(
    connection: Connection, intent: Intent, doubt: Callable[[Intent, AmiError], None]
) -> Coroutine[Any, Any, None]:
    """Send an intent now; what is returned waits for its answer.

    A failure is only logged; `doubt` is called with one that nothing explains.
    """
    try:
        answer: Awaitable[object] = connection.begin(for_intent(intent), OWN_S)
    except AmiError as error:
        answer = _failed(error)
    return _answered(intent, answer, doubt)


async def _answered(
    intent: Intent, answer: Awaitable[object], doubt: Callable[[Intent, AmiError], None]
) -> None:
    try:
        await answer
    except AmiError as error:
        if isinstance(intent, Nudge) or error.code == "ChannelGone":
            return  # the caller has left the queue, or the call has ended, meanwhile
        doubt(intent, error)
        log.warning(
            "Asterisk did not carry out a request",
            intent=repr(intent),
            code=error.code,
            reason=error.text,
        )


async def _failed(error: AmiError) -> None:
    raise error
