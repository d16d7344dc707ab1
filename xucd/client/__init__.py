"""A client of xucd for asyncio: live state, acknowledged commands, a link that is kept open.

    async with await connect("http://127.0.0.1:8090", "bruce", "bruce-demo") as center:
        await center.watch("agents")
        await center.log_in_agent(phone_number="1001")
        ready = await center.until(AgentStateEvent, lambda event: event.name == "AgentReady")

It needs the package `websockets` (the extra ``client``) and nothing of xucd but the structs of its
protocol, `xucd.cti`.
"""

from xucd.client.center_client import CenterClient, connect
from xucd.client.errors import Refused
from xucd.client.state import AgentView, CallView, PbxView, QueueView, State

__all__ = [
    "AgentView",
    "CallView",
    "CenterClient",
    "PbxView",
    "QueueView",
    "Refused",
    "State",
    "connect",
]
