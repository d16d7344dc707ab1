"""Whether the dialplan has a number, asked of Asterisk before somebody is sent there.

`DIALPLAN_EXISTS` knows patterns, includes with times and switches, but is of `func_dialplan`, which
may be missing. `ShowDialPlan` needs no module, and knows patterns and includes without times. It
lists the switches that it meets, which may have any number. Seen on Asterisk 16.28 and 22.10, where
`BlindTransfer` itself succeeds for any number, and hangs up who was to be transferred.
"""

from collections.abc import Awaitable, Callable

from xucd.ami.actions import Action, show_dialplan
from xucd.ami.errors import Rejected
from xucd.ami.framing import Block
from xucd.center.intents import FindNumber


async def check_number(
    wanted: FindNumber,
    answer: Block,
    query: Callable[[Action], Awaitable[list[Block]]],
) -> None:
    """Raise `Rejected` with `NumberUnknown` when the number is not there.

    `answer` is that to the intent's action: a value of "" when Asterisk lacks the function.
    """
    found = answer.get("Value", "")
    if found == "0":
        raise Rejected("Getvar", "Extension does not exist")
    if not found:
        await query(show_dialplan(wanted.context, wanted.number))
