"""Where the dialplan finds the owner of a PBX: a global variable of Asterisk's has its address.

The context `xucd-agi` of `asterisk-conf/extensions.conf` looks there at each request. The variable
is set when this node has become the owner and knows Asterisk's state. A reload with
``clearglobalvars`` empties it, of which no event tells; so it is read every `EVERY_S` seconds.

A call that waits for the answer of an owner that is frozen would wait as long as that is: Asterisk
has no time limit for FastAGI. So these calls are sent to the same step again, which asks this node.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from xucd.ami import actions
from xucd.ami.actions import AGI_CONTEXT, AGI_VARIABLE, Action
from xucd.ami.errors import AmiError, Rejected
from xucd.ami.framing import Block

EVERY_S = 5.0

log = structlog.get_logger()


class AgiAddress:
    """Tells the dialplan that FastAGI is at `address`; `query` sends an action."""

    def __init__(self, address: str, query: Callable[[Action], Awaitable[list[Block]]]) -> None:
        self._address = address
        self._before = ""  # whose calls are yet to be freed
        self._query = query

    async def watch(self) -> None:
        """Tell it again for ever, where it has been forgotten."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.announce()

    async def announce(self) -> None:
        """Tell it unless it is known, and free the calls that wait for the owner before."""
        try:
            (answer,) = await self._query(actions.getvar(AGI_VARIABLE))
            now = answer.get("Value", "")
            if now != self._address:
                self._before = now or self._before
                await self._query(actions.setvar(AGI_VARIABLE, self._address))
            elif not self._before:
                return
            freed = await self._free(self._before) if self._before else 0
            self._before = ""
            log.info("the dialplan asks this node", address=self._address, calls=freed)
        except Rejected as error:
            log.error("cannot tell the dialplan where FastAGI is", reason=error.text)
        except AmiError:
            pass  # the connection is told again as it is up, and looked at again in any case

    async def _free(self, before: str) -> int:
        """Send the calls that wait at another address to their step again; returns how many."""
        freed = 0
        for each in await self._query(actions.core_show_channels()):
            asks = each.get("ApplicationData", "").startswith(f"agi://{before}/")
            if not asks or each.get("Context") != AGI_CONTEXT:
                continue
            again = actions.redirect(each["Channel"], AGI_CONTEXT, each["Exten"], each["Priority"])
            try:
                await self._query(again)
            except Rejected:
                continue  # its caller has hung up
            freed += 1
        return freed
