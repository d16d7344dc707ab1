"""Where an agent sits: the durable half of being logged in."""

import msgspec


class Station(msgspec.Struct, frozen=True, gc=False):
    """An agent's login, as it must outlive Asterisk and xucd.

    `line_id` is the line the agent is on or, logged out, the one it last used. `since` is when it
    logged in or out, in epoch seconds. `paused` and `reason` are its pause as last seen, put back
    when Asterisk has lost its members; of a logout that is under way, the pause that it ends.
    `settled` is False while the agent's queues are as Asterisk is yet to be made: from the
    beginning of a login until every member is in its queue, and after the agent's queues were
    configured anew. Of a settled agent, Asterisk is right about the queues.
    """

    agent_id: int
    line_id: int
    logged_in: bool
    since: float
    paused: bool = False
    reason: str = ""
    settled: bool = True
