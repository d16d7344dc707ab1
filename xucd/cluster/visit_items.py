"""What the owners of two PBXs send each other of agents of the one in queues of the other.

Items as in `xucd.cluster.packets`; `xucd.cluster.visits` has the two sides.
"""

from xucd.center.agent import Recording
from xucd.center.visitors import Visitor
from xucd.cluster.packets import Item


class VisitorsWanted(Item):
    """From the host: begins a feed. It speaks all schemas from `oldest` to `schema`."""

    schema: int
    oldest: int


class HostAlive(Item):
    """From the host: nothing else was due for a while."""


class CallKnown(Item):
    """From the host: what it knows of a call; see `CallData`."""

    number: int
    variables: dict[str, str]
    sheet: str


class CallRecorded(Item):
    """From the host: whether a call is recorded that the home has asked about; at each change."""

    linked_id: str
    recording: Recording


class PauseDone(Item):
    """From the host: what came of a `PauseAsked`; `code` is that of a refusal, "" for none."""

    number: int
    code: str
    text: str


class HomeBeat(Item):
    """From the home, several times in `SILENCE_S`; whether it knows its Asterisk's state."""

    is_current: bool


class VisitorTold(Item):
    """From the home: what one of its agents is to be at the host."""

    visitor: Visitor


class VisitorLeft(Item):
    """From the home: one of its agents is to be in no queue of the host any more."""

    agent_id: int


class VisitorsWhole(Item):
    """From the home: it has told of all its agents that are to be at the host."""


class CallAsked(Item):
    """From the home: what does the host know of a call, by its linked id there?

    With the number 0 it wants no answer, only to hear whether the call is recorded.
    """

    number: int
    linked_id: str


class PauseAsked(Item):
    """From the home: pause the recording of a call, or go on with it."""

    number: int
    linked_id: str
    paused: bool


FromHost = VisitorsWanted | HostAlive | CallKnown | CallRecorded | PauseDone
FromHome = HomeBeat | VisitorTold | VisitorLeft | VisitorsWhole | CallAsked | PauseAsked
