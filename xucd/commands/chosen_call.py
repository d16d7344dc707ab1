"""Which call of the user's phone a command means.

A command that names a call by its `uniqueId` means that one. Without it, it means the only call
that it can be about. Of several, those on hold are out, since people put on hold whom they do not
deal with now. What is left may be a customer and the consultation about it, on a phone that does
not say that it holds: `hangup` ends the consultation then, and a transfer is refused, as is every
command that two calls still fit.

| the phone's other calls | `hangup` | `directTransfer` |
| --- | --- | --- |
| none | the only call | the only call, once answered |
| on hold | the one not held | the one not held, once answered; while it is not, the held one |
| ringing, with one that talks | `AmbiguousCall` | the one that talks |
| answered, with one that the user placed since | the consultation | as for any other two |
| any other two that are answered | `AmbiguousCall` | `AmbiguousCall` |
"""

from collections.abc import Sequence

from xucd.center.changes import Stage
from xucd.center.leg import Leg
from xucd.center.refused import Refused

ANSWERED = (Stage.ESTABLISHED, Stage.ON_HOLD)


def named(legs: Sequence[Leg], unique_id: str) -> Leg:
    """The call of this unique id. Raises `Refused` with `NoCall`."""
    for leg in legs:
        if leg.unique_id == unique_id:
            return leg
    raise Refused("NoCall", "The phone has no such call.")


def to_hang_up(legs: Sequence[Leg]) -> Leg:
    """The call that `hangup` means. Raises `Refused` with `NoCall` or `AmbiguousCall`."""
    fitting = _not_held(legs)
    return _only([leg for leg in fitting if _consults(leg, legs)] or fitting)


def to_transfer(legs: Sequence[Leg]) -> Leg:
    """The call that a transfer means. Raises `Refused` with `NoCall` or `AmbiguousCall`."""
    return _only(_not_held([leg for leg in legs if _stage(leg) in ANSWERED]))


def _stage(leg: Leg) -> Stage | None:
    return leg.sent.stage if leg.sent is not None else None


def _not_held(legs: Sequence[Leg]) -> list[Leg]:
    """The calls that are not on hold; all of them when all are."""
    return [leg for leg in legs if _stage(leg) is not Stage.ON_HOLD] or list(legs)


def _consults(leg: Leg, legs: Sequence[Leg]) -> bool:
    """Whether the user placed the call while it had another that had been answered."""
    return (
        leg.sent is not None
        and not leg.sent.incoming
        and any(
            _stage(other) in ANSWERED and other.channel.since < leg.channel.since for other in legs
        )
    )


def _only(legs: Sequence[Leg]) -> Leg:
    if not legs:
        raise Refused("NoCall", "The phone has no such call.")
    if len(legs) > 1:
        raise Refused("AmbiguousCall", "The phone has several calls: name one by its uniqueId.")
    return legs[0]
