"""The names of statistics: the one list, by the name in the code and the name on the wire.

Everything else refers to the name in the code: Python to the members of these enums, the
JavaScript library and its pages to tables that are generated from them. docs/protocol.md (agents)
and docs/calls.md (queues) say what each figure means.
"""

import enum
from typing import Annotated, Self

from msgspec import Meta


class _Names(enum.StrEnum):
    """A list of names that may grow: a client keeps the names of a newer xucd as they are."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


class AgentStatistic(_Names):
    """A figure of an agent's day: a number, seconds (``…Time``), or a moment (``…DateTime``)."""

    PAUSED_TIME = "AgentPausedTotalTime"
    WRAPUP_TIME = "AgentWrapupTotalTime"
    READY_TIME = "AgentReadyTotalTime"
    INBOUND_CALLS = "AgentInboundCalls"
    INBOUND_ANSWERED = "AgentInboundAnsweredCalls"
    INBOUND_UNANSWERED = "AgentInboundUnansweredCalls"
    INBOUND_CALL_TIME = "AgentInboundTotalCallTime"
    INBOUND_RING_TIME = "AgentInboundAverRingTime"
    OUTBOUND_CALLS = "AgentOutboundCalls"
    OUTBOUND_CALL_TIME = "AgentOutboundTotalCallTime"
    LOGIN_AT = "LoginDateTime"
    LOGOUT_AT = "LogoutDateTime"


class QueueStatistic(_Names):
    """A figure of a queue: a number of calls or agents, a percentage, or seconds."""

    ENTERED = "TotalNumberCallsEntered"
    ANSWERED = "TotalNumberCallsAnswered"
    ABANDONED = "TotalNumberCallsAbandonned"
    CLOSED = "TotalNumberCallsClosed"
    TIMED_OUT = "TotalNumberCallsTimeout"
    CALLBACKS = "TotalNumberCallsCallback"
    DIVERTED = "TotalNumberCallsDiverted"
    UNSEEN = "TotalNumberCallsUnseen"
    ANSWERED_SHARE = "PercentageAnsweredTotal"
    ABANDONED_SHARE = "PercentageAbandonnedTotal"
    ANSWERED_SOON_SHARE = "PercentageAnsweredBefore15"
    ABANDONED_LATE_SHARE = "PercentageAbandonnedAfter15"
    WAITING_CALLS = "WaitingCalls"
    LONGEST_WAIT = "LongestWaitTime"
    EXPECTED_WAIT = "EWT"
    AVAILABLE_AGENTS = "AvailableAgents"
    TALKING_AGENTS = "TalkingAgents"
    LOGGED_IN_AGENTS = "LoggedAgents"


_DAY_THRESHOLD = "15"
_WITH_THRESHOLD = (QueueStatistic.ANSWERED_SOON_SHARE, QueueStatistic.ABANDONED_LATE_SHARE)


def window_name(statistic: QueueStatistic, threshold: int) -> str:
    """A statistic's name in `GetQueueStatistics`: ``PercentageAnsweredBefore20`` for 20 seconds."""
    if statistic in _WITH_THRESHOLD:
        return statistic.removesuffix(_DAY_THRESHOLD) + str(threshold)
    return statistic.value


def _window_pattern() -> str:
    fixed = [name for name in QueueStatistic if name not in _WITH_THRESHOLD]
    stems = "|".join(name.removesuffix(_DAY_THRESHOLD) for name in _WITH_THRESHOLD)
    return rf"\A({'|'.join(fixed)}|({stems})[0-9]+)\Z"


WindowStatistic = Annotated[
    str,
    Meta(
        extra={"grammar": "word"},
        extra_json_schema={"pattern": _window_pattern()},
        description="As in `QueueStatistics`, with `xqos` in place of 15.",
    ),
]
"""The name of a figure over a window; the pattern documents it and is not enforced."""
