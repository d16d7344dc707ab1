"""What is under way at a moment and not in the day's figures yet, as it must outlive a kill.

The day's figures hold what has ended. The state that an agent is in, and the calls of its phone,
are written beside them: after a restart they are gone on with, so that nothing of them is lost or
counted twice. Moments are epoch seconds.
"""

from collections.abc import Iterable, Mapping

import msgspec

from xucd.center.agent import AgentState
from xucd.center.day import AgentDay
from xucd.center.leg import Leg
from xucd.center.live import LiveAgent


class CallUnderWay(msgspec.Struct, frozen=True):
    """A call of an agent's phone. `counted` is what it has added to the figures so far.

    `ended` is the moment to which one is counted that ended while nobody heard it: the log of
    Asterisk may still tell when it did. `channel` is the name of the phone's channel.
    """

    incoming: bool
    queue: str
    rang: float | None
    answered: float | None
    counted: AgentDay
    ended: float | None = None
    channel: str = ""

    def later(self, seconds: float) -> "CallUnderWay":
        """The same by a clock that was set by so much."""
        return msgspec.structs.replace(
            self,
            rang=None if self.rang is None else self.rang + seconds,
            answered=None if self.answered is None else self.answered + seconds,
            ended=None if self.ended is None else self.ended + seconds,
        )


class AgentUnderWay(msgspec.Struct, frozen=True):
    """The shown state of an agent, whose time is counted from `since` to `until`, and its calls.

    `calls` is by the unique id of the phone's channel.
    """

    state: AgentState
    since: float
    until: float
    calls: dict[str, CallUnderWay] = {}

    def later(self, seconds: float) -> "AgentUnderWay":
        """The same by a clock that was set by so much."""
        calls = {key: call.later(seconds) for key, call in self.calls.items()}
        return AgentUnderWay(self.state, self.since + seconds, self.until + seconds, calls)


class CutCall(msgspec.Struct, frozen=True):
    """A call of an agent that ended while nobody heard it; `call.counted` is to its end."""

    agent_id: int
    call: CallUnderWay

    def later(self, seconds: float) -> "CutCall":
        """The same by a clock that was set by so much."""
        return CutCall(self.agent_id, self.call.later(seconds))


class Caller(msgspec.Struct, frozen=True, array_like=True):
    """A caller who was counted as ended at `at`, having waited in a queue since `since`."""

    queue_id: int
    since: float
    at: float

    def later(self, seconds: float) -> "Caller":
        """The same by a clock that was set by so much."""
        return Caller(self.queue_id, self.since + seconds, self.at + seconds)


class Rung(msgspec.Struct, frozen=True, array_like=True):
    """A phone's call of an agent that was counted to its end at `at`.

    `channel` is the name of the phone's channel, "" where a log has not told it.
    """

    agent_id: int
    at: float
    answered: bool
    channel: str = ""

    def later(self, seconds: float) -> "Rung":
        """The same by a clock that was set by so much."""
        return msgspec.structs.replace(self, at=self.at + seconds)


class Lately(msgspec.Struct, frozen=True):
    """Who was counted to the end lately, by unique id: a log may tell of it again.

    Asterisk's has whole seconds, so what ended just before a gap looks as if it were in it.
    """

    callers: dict[str, Caller] = {}
    rung: dict[str, Rung] = {}

    def later(self, seconds: float) -> "Lately":
        """The same by a clock that was set by so much."""
        return Lately(
            {key: one.later(seconds) for key, one in self.callers.items()},
            {key: one.later(seconds) for key, one in self.rung.items()},
        )


class Resumed(msgspec.Struct, frozen=True):
    """What was under way at `at`, when it was last written, by the agents' ids."""

    at: float
    agents: dict[int, AgentUnderWay] = {}
    lately: Lately = Lately()


class UnderWay:
    """What a kill must not take: whose figures are not written yet, and calls over a gap.

    `unwritten` are the agents whose figures, or calls, are others than were taken to be written.
    `gone` are the last figures of agents that are no longer configured, each with the midnight that
    ends its day. Calls are by the unique id of their phone's channel: `calls_before` are those that
    were there before a restart, until Asterisk has listed its calls; `cut_calls` those that ended
    unheard, until the log has told when. Unless `knows_calls`, a call that is found has been
    counted already.
    """

    def __init__(self, agent_ids: Iterable[int], resumed: Resumed | None) -> None:
        self.unwritten = set(agent_ids)
        self.gone: dict[int, tuple[float, AgentDay]] = {}
        self.knows_calls = resumed is not None
        self.cut_calls: dict[str, CutCall] = {}
        self.calls_before = {
            unique_id: CutCall(agent_id, call)
            for agent_id, one in (resumed.agents.items() if resumed is not None else ())
            for unique_id, call in one.calls.items()
        }

    def take(
        self, agents: Mapping[int, LiveAgent], legs: Iterable[Leg], now: float
    ) -> dict[int, tuple[AgentDay, AgentUnderWay]]:
        """What is to be written of the agents whose figures have moved since this was asked."""
        agent_ids, self.unwritten = self.unwritten, set()
        calls: dict[int, dict[str, CallUnderWay]] = {}
        for leg in legs if agent_ids else ():
            if leg.agent_id in agent_ids and leg.twin is None:
                of_agent = calls.setdefault(leg.agent_id, {})
                of_agent[leg.channel.unique_id] = call_under_way(leg)
        for unique_id, cut in (self.cut_calls | self.calls_before).items() if agent_ids else ():
            calls.setdefault(cut.agent_id, {})[unique_id] = cut.call
        return {
            agent_id: (
                live.day(now),
                AgentUnderWay(live.shown.state, live.spent_since, now, calls.get(agent_id, {})),
            )
            for agent_id in agent_ids
            if (live := agents.get(agent_id)) is not None
        }

    def forget(self, agent_id: int) -> None:
        """Know nothing of an agent, of whom others write now."""
        self.unwritten.discard(agent_id)
        for calls in (self.calls_before, self.cut_calls):
            for unique_id in [key for key, cut in calls.items() if cut.agent_id == agent_id]:
                del calls[unique_id]

    def shift(self, seconds: float) -> None:
        """The clock was set by so much."""
        for calls in (self.calls_before, self.cut_calls):
            calls.update({key: one.later(seconds) for key, one in calls.items()})

    def inherit(self, before: "UnderWay") -> None:
        """Go on with what an older configuration's centre had."""
        self.knows_calls = before.knows_calls
        self.calls_before, self.cut_calls = before.calls_before, before.cut_calls
        self.gone |= before.gone


def call_under_way(leg: Leg) -> CallUnderWay:
    """A phone's call as it is to be remembered."""
    channel = leg.channel
    return CallUnderWay(
        leg.incoming, leg.queue, channel.rang, channel.answered, leg.counted, channel=channel.name
    )


def figures_of_ended(call: CallUnderWay, end: float) -> AgentDay:
    """What a call has added to its agent's figures if it ended at `end`."""
    if not (call.counted.inbound_calls or call.counted.outbound_calls):
        return call.counted
    talked = max(0.0, end - call.answered) if call.answered is not None else 0.0
    if call.counted.outbound_calls:
        return AgentDay(outbound_calls=1, outbound_talk_s=talked)
    began = call.rang if call.rang is not None else call.answered
    rang = max(0.0, (end if call.answered is None else call.answered) - (began or end))
    answered = call.answered is not None
    return AgentDay(
        inbound_calls=1,
        inbound_answered=int(answered),
        inbound_unanswered=int(not answered),
        inbound_ring_s=rang,
        inbound_talk_s=talked,
    )
