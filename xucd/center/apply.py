"""Taking in one event: the door of the centre."""

from xucd.center import (
    callback_calls,
    channels,
    listening,
    members,
    phone_rules,
    queue_rules,
    recording,
    sheet_rules,
)
from xucd.center.center import Center
from xucd.center.events import Event
from xucd.center.rules import RULES

# Imported for the rules they register.
_ = (callback_calls, channels, members, queue_rules, phone_rules, sheet_rules, recording, listening)


def apply(center: Center, event: Event, now: float) -> None:
    """Take in one thing that Asterisk did. An event that no rule is about changes nothing."""
    for rule in RULES.get(type(event), ()):
        rule(center, event, now)
