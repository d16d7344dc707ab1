"""What became of ringing a phone in a call that xucd places for a user."""

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import DialOutcome
from xucd.center.channels import DIAL_ID


def dial_ended(center: Center, event: ev.DialEnded, now: float) -> None:
    """Tell the outcome, of the user's own phone and of the number that it dialled."""
    for unique_id, far in ((event.dest_unique_id, False), (event.unique_id, True)):
        if unique_id.startswith(DIAL_ID):
            center.changes.append(DialOutcome(unique_id, far, event.status))
