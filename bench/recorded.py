"""What is sent in the fan-out's measurement: the same messages for every side and round."""

from xucd.cti.messages import AgentStateEvent, Message, QueueMember

MESSAGES = 300
"""Messages per round."""
SECRET = b"only for measuring, never for use."


def recorded(count: int) -> list[Message]:
    """A day's mix of messages, always the same: mostly agents' states, some queue members."""

    names = ["AgentReady", "AgentRinging", "AgentOnCall", "AgentOnWrapup", "AgentReady"]
    bodies: list[Message] = []
    for number in range(count):
        agent_id = 8 + number % 6
        if number % 10 == 9:
            bodies.append(QueueMember(agent_id=agent_id, queue_id=1 + number % 3, penalty=0))
            continue
        body = AgentStateEvent(
            name=names[number % 5],
            agent_id=agent_id,
            phone_number=f"10{agent_id:02}",
            since=0,
            queues=[1, 2, 3],
        )
        if body.name == "AgentOnCall":
            body.acd, body.direction = True, "Incoming"
            body.call_type, body.monitor_state = "External", "ACTIVE"
        bodies.append(body)
    return bodies
