"""Taking in one event: the door of the centre."""

from xucd.center import channels, members
from xucd.center.center import Center
from xucd.center.events import Event
from xucd.center.rules import RULES

_ = (channels, members)  # imported for the rules they register


def apply(center: Center, event: Event, now: float) -> None:
    """Take in one thing that Asterisk did. An event that no rule is about changes nothing."""
    for rule in RULES.get(type(event), ()):
        rule(center, event, now)
