"""The parts of a client's state, and the commands that fill each and keep it current.

The one source for both client libraries: Python imports it, JavaScript has it generated.
"""

from typing import Any, Final, Literal

StatePart = Literal["agents", "queues", "queueCalls", "statistics", "callbacks", "memberships"]
SentCommand = tuple[str, dict[str, Any]]
"""A command's wire name, and its arguments as the wire spells them."""

_QUEUES: list[SentCommand] = [("getList", {"objectType": "queue"})]

PARTS: Final[dict[StatePart, list[SentCommand]]] = {
    "agents": [
        ("getList", {"objectType": "agentgroup"}),
        ("getList", {"objectType": "agent"}),
        ("getList", {"objectType": "queuemember"}),
        ("subscribeToAgentEvents", {}),
        ("getAgentStates", {}),
    ],
    "queues": _QUEUES,
    "queueCalls": _QUEUES,  # and then `subscribeToQueueCalls` for each queue
    "statistics": [("subscribeToAgentStats", {}), ("subscribeToQueueStats", {})],
    "callbacks": [("getCallbackPreferredPeriods", {}), ("getCallbackLists", {})],
    "memberships": [("getList", {"objectType": "basequeuemember"})],
}
"""The commands of each part, in the order in which they are sent."""
