"""Which call a command means: the one that it names, or the only one that fits."""

import pytest

from xucd.center.changes import PhoneCall, Stage
from xucd.center.channels import Channel
from xucd.center.events import ChannelState
from xucd.center.leg import Leg
from xucd.center.refused import Refused
from xucd.commands.chosen_call import named, to_hang_up, to_transfer

STAGES = {
    "rings": (Stage.RINGING, True),
    "talks": (Stage.ESTABLISHED, True),
    "held": (Stage.ON_HOLD, True),
    "dials": (Stage.DIALING, False),
    "consults": (Stage.ESTABLISHED, False),
    "parked": (Stage.ON_HOLD, False),
}


def legs(words: str) -> list[Leg]:
    """Calls of a phone in the order in which they began; each is named by its word."""
    found = []
    for number, word in enumerate(words.split()):
        stage, incoming = STAGES[word.rstrip("2")]
        channel = Channel(
            name=f"PJSIP/1001-{number}",
            unique_id=word,
            linked_id=word,
            state=ChannelState.UP,
            own=("", ""),
            exten="",
            since=float(number),
            called=incoming,
        )
        leg = Leg(channel, None, None)
        leg.sent = PhoneCall(stage, "0230", "", incoming, "", word, word, {})
        found.append(leg)
    return found


@pytest.mark.parametrize(
    ("phone", "hung_up", "transferred"),
    [
        ("", "NoCall", "NoCall"),
        ("rings", "rings", "NoCall"),
        ("dials", "dials", "NoCall"),
        ("talks", "talks", "talks"),
        ("held", "held", "held"),
        ("held talks", "talks", "talks"),
        ("talks held", "talks", "talks"),
        ("held rings", "rings", "held"),
        ("held dials", "dials", "held"),
        ("held consults", "consults", "consults"),
        ("held parked", "parked", "AmbiguousCall"),
        ("talks rings", "AmbiguousCall", "talks"),
        ("talks talks2", "AmbiguousCall", "AmbiguousCall"),
        ("talks dials", "dials", "talks"),
        ("talks consults", "consults", "AmbiguousCall"),
        ("consults talks", "AmbiguousCall", "AmbiguousCall"),
        ("dials rings", "AmbiguousCall", "NoCall"),
        ("held held2 talks", "talks", "talks"),
        ("held consults rings", "consults", "consults"),
    ],
)
def test_a_command_without_a_name_means_the_only_call_that_fits(
    phone: str, hung_up: str, transferred: str
) -> None:
    for choose, wanted in ((to_hang_up, hung_up), (to_transfer, transferred)):
        try:
            chosen = choose(legs(phone)).unique_id
        except Refused as refusal:
            chosen = refusal.code
        assert chosen == wanted


def test_a_call_that_is_named_is_meant_whatever_it_does() -> None:
    assert named(legs("talks held rings"), "held").unique_id == "held"
    with pytest.raises(Refused) as refusal:
        named(legs("talks"), "held")
    assert refusal.value.code == "NoCall"
