"""What an intent that has waited to be sent is by then: commands and events have not waited.

An agent may have logged out since it was asked to be put back into its queues, or have left one, or
be paused. So each is looked at anew as its turn comes, and is what would be asked for now.
"""

import msgspec

from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.directory import Queue
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    AddMember,
    Intent,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.live import LiveAgent
from xucd.center.memberships import is_shelved
from xucd.center.rules import judged


def renewed(center: Center, intent: Intent) -> Intent | None:
    """An intent of xucd's own as it is to be sent now, None where nobody wants it any more."""
    if not isinstance(intent, AddMember | RemoveMember | SetPenalty | SetPause):
        return intent
    line = center.members.line_of_device(intent.interface)
    if line is None:
        return intent  # by none of our lines can it be told whose it is
    live = center.on_device.get(line.phone)
    if live is not None and (live.leaving or live.stance is Stance.OUT):
        live = None
    queue = center.directory.queue_by_name.get(intent.queue or "")
    match intent:
        case SetPause():
            return intent if _is_wanted(center, intent, live, queue) else None
        case AddMember():
            return _adding(center, intent, live, queue)
        case RemoveMember():
            return None if live is not None and _is_right(live, queue, intent) else intent
        case SetPenalty():
            if live is None or queue is None or queue.id not in live.queues:
                return None
            return msgspec.structs.replace(intent, penalty=live.queues[queue.id])


def _adding(
    center: Center, intent: AddMember, live: LiveAgent | None, queue: Queue | None
) -> AddMember | None:
    """A member that is put back, as its agent is now."""
    if live is None or live.agent.member_name != intent.member:
        return None
    if queue is None or not _belongs(live, queue):
        return None
    there = live.members.get(queue.id)
    if there is not None and there.interface == intent.interface:
        return None
    paused = live.stance in (Stance.PAUSED, Stance.WRAPPING)
    return msgspec.structs.replace(intent, penalty=live.queues[queue.id], paused=paused)


def _belongs(live: LiveAgent, queue: Queue | None) -> bool:
    """Whether an agent is to be in a queue: it is configured, and nobody has taken it out."""
    return queue is not None and queue.id in live.queues and queue.id not in live.taken


def _is_right(live: LiveAgent, queue: Queue | None, intent: RemoveMember) -> bool:
    """Whether a member is as the agent's is to be: that of another way to its phone is to go."""
    if not _belongs(live, queue) or live.line is None:
        return False
    return not judged.is_other_way(live, live.line, intent.interface)


def _is_wanted(
    center: Center, intent: SetPause, live: LiveAgent | None, queue: Queue | None
) -> bool:
    """Whether an agent is still to be paused so, or a member of an agent that is out to ring."""
    if not intent.paused:
        member = center.members.get(queue.id, intent.interface) if queue is not None else None
        return live is not None or member is None or not is_shelved(member)
    if intent.reason in (WRAPUP_REASON, LOGOUT_REASON) or queue is not None:
        return True
    return live is not None and live.stance is Stance.PAUSED and live.reason == intent.reason
