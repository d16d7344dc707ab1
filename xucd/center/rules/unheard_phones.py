"""Counting the calls of agents' phones that no queue has rung, by Asterisk's CDR.

A record tells of a channel that placed a call, and of one that was rung for it; several tell of one
channel if there were transfers. A call of a phone is the life of its channel, whose name the
records have:

- one that was cut by the gap is counted to its end;
- one that lives, or is counted already, is left alone;
- one that began and ended in the gap is of the agent who sat at the phone throughout the gap.

What a queue rings is left to the log of queues. So is what a Local channel rings: for whom, the
records do not say.
"""

from collections.abc import Iterable

import msgspec

from xucd.center.center import Center
from xucd.center.channels import DIAL_ID, OWN_ID, interface_of
from xucd.center.day import AgentDay
from xucd.center.directory import LOCAL
from xucd.center.logged import CallRecord, LogsTold
from xucd.center.rules.unheard_agents import SLACK_S, AgentsFound, is_cut_by
from xucd.center.under_way import CallUnderWay, CutCall, Rung, figures_of_ended


def seated(center: Center, since: float) -> dict[str, int]:
    """The agents who are logged in since a moment or before, by the devices of their lines."""
    stations = ((key, live.station()) for key, live in center.on_device.items())
    return {
        device: station.agent_id
        for device, station in stations
        if station is not None and station.since <= since
    }


class _PhoneCall(msgspec.Struct, eq=False):
    """A call of one phone. `unique_id` is that of whoever placed it.

    `elsewhere` says that it is left to the log of queues.
    """

    channel: str
    unique_id: str
    incoming: bool
    elsewhere: bool
    began: float
    answered: float | None
    ended: float


def count_records(
    center: Center, told: LogsTold, began: float, heard_from: float, agents: AgentsFound
) -> None:
    """Count what CDR tells of the time between two moments; to be called once for each gap."""
    count = _Count(center, told, began, heard_from, agents)
    calls = [call for call in _calls(told.records) if not call.elsewhere]
    # Of several registrations of a phone that rang for one call, that which was answered counts.
    for call in sorted(calls, key=lambda call: call.answered is None):
        if call.ended <= heard_from + SLACK_S:
            count.call(call)


def _calls(records: Iterable[CallRecord]) -> list[_PhoneCall]:
    calls: list[_PhoneCall] = []
    latest: dict[str, _PhoneCall] = {}  # by the channel's name, which a restart gives again
    for record in sorted(records, key=lambda each: each.began):
        for part in _parts(record):
            call = latest.get(part.channel)
            if call is None or not _goes_on(call, part):
                latest[part.channel] = part
                calls.append(part)
                continue
            call.ended = max(call.ended, part.ended)
            if call.answered is None:
                call.answered = part.answered
    return calls


def _parts(record: CallRecord) -> list[_PhoneCall]:
    """What a record says of each of its channels."""
    unique_id, began, ended = record.unique_id, record.began, record.ended
    rung_by_us = unique_id.startswith(OWN_ID) and not unique_id.startswith(DIAL_ID)
    parts = [
        _PhoneCall(record.channel, unique_id, rung_by_us, False, began, record.answered, ended)
    ]
    if record.called:
        elsewhere = record.application == "Queue" or record.channel.startswith(LOCAL)
        answered = record.answered if record.taken else None
        parts.append(_PhoneCall(record.called, unique_id, True, elsewhere, began, answered, ended))
    return parts


def _goes_on(call: _PhoneCall, part: _PhoneCall) -> bool:
    return call.unique_id == part.unique_id or part.began <= call.ended + SLACK_S


class _Count:
    def __init__(
        self, center: Center, told: LogsTold, began: float, heard_from: float, agents: AgentsFound
    ) -> None:
        self._center = center
        self._seated = told.seated
        self._began = began
        self._agents = agents
        self._counted: dict[tuple[str, str], list[_PhoneCall]] = {}  # by interface and caller
        self._lately: dict[str, float] = {}  # when it ended, by the channel's name
        for rung in center.phone_calls.lately.values():
            self._lately[rung.channel] = max(rung.at, self._lately.get(rung.channel, rung.at))
        self._cut = {  # unique ids by the channel's name
            cut.call.channel: unique_id
            for unique_id, cut in center.under_way.cut_calls.items()
            if is_cut_by(cut, heard_from)
        }

    def call(self, call: _PhoneCall) -> None:
        """Count one call, unless it is counted."""
        if call.channel in self._center.phone_calls.legs or self._is_twin(call):
            return
        began_before = call.began < self._began - SLACK_S
        unique_id = self._cut.get(call.channel)
        if unique_id is not None and call.began <= self._began + SLACK_S:
            self._end(unique_id, call)
        elif self._lately.get(call.channel, 0.0) < call.ended - SLACK_S and not began_before:
            self._add(self._seated.get(interface_of(call.channel)), call)

    def _is_twin(self, call: _PhoneCall) -> bool:
        """Whether it is a further registration of a phone, which rang for a call that is known."""
        known = self._counted.setdefault((interface_of(call.channel), call.unique_id), [])
        if call.answered is None and any(
            call.began < other.ended and other.began < call.ended for other in known
        ):
            return True
        known.append(call)
        return False

    def _end(self, unique_id: str, call: _PhoneCall) -> None:
        """The end of a call that was cut, and its answer if that was in the gap."""
        cut: CutCall = self._center.under_way.cut_calls.pop(unique_id)
        if not (cut.call.counted.inbound_calls or cut.call.counted.outbound_calls):
            self._add(cut.agent_id, call)  # rung to dial for its user, who answered in the gap
            return
        known, answered = cut.call, cut.call.answered
        if answered is None and call.answered is not None:
            answered = max(call.answered, known.rang or call.answered)
        ended = msgspec.structs.replace(known, answered=answered)
        self._agents.recount(unique_id, cut, ended, call.ended)

    def _add(self, agent_id: int | None, call: _PhoneCall) -> None:
        if agent_id is None:
            return
        begun = AgentDay(inbound_calls=1) if call.incoming else AgentDay(outbound_calls=1)
        under_way = CallUnderWay(call.incoming, "", call.began, call.answered, begun)
        self._agents.add(agent_id, figures_of_ended(under_way, call.ended), call.ended)
        rung = Rung(agent_id, call.ended, call.answered is not None, call.channel)
        self._agents.counted(call.channel, rung)
