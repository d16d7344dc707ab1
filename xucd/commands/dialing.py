"""Commands to the user's own phone: dial, hang up, transfer.

There is no `answer`: no method to make a ringing phone answer works with every phone, and before
Asterisk 20 there is none at all.
"""

import uuid

from xucd.center.channels import DIAL_ID
from xucd.center.events import ChannelState
from xucd.center.intents import DialOut, HangUp, SendOn
from xucd.center.phone_calls import Leg, talks
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.dial_from_queue import check_destination
from xucd.commands.own_phone import check_in_reach, own_line
from xucd.commands.variables import store_variables
from xucd.cti.commands import Dial, DirectTransfer, Hangup
from xucd.cti.session import Session


async def dial(context: Context, command: Dial, who: Session) -> None:
    """Ring the user's own phone, and dial the destination once the user answers.

    Raises `Refused` with `FeatureDisabled`, `DestinationNotAllowed`, `LineUnknown`,
    `PhoneUnreachable`, `VariablesTooLarge`, `TooManyCalls`, or as asking Asterisk does.
    """
    if not context.options.features.dial:
        raise Refused("FeatureDisabled", "Dialling is switched off in the settings.")
    check_destination(context, command.destination)
    line = own_line(context, who)
    check_in_reach(context, line)
    calls = context.center.phone_calls
    unique_id = f"{DIAL_ID}{uuid.uuid4()}"
    request_id = (
        store_variables(context.call_variables, command.variables) if command.variables else ""
    )
    try:
        await context.asterisk.bring_about(
            lambda: unique_id in context.center.channels.by_id or calls.is_refused(unique_id),
            DialOut(
                line.interface,
                line.context,
                command.destination,
                line.number,
                unique_id,
                request_id,
            ),
        )
        if calls.is_refused(unique_id):
            raise Refused("PhoneUnreachable", "The phone cannot be rung.")
    except Refused:
        context.call_variables.drop(request_id)
        raise
    finally:
        calls.drop_refusal(unique_id)


async def hang_up(context: Context, command: Hangup, who: Session) -> None:
    """Hang up a call of the user's own phone: the one with this unique id, or the latest.

    Raises `Refused` with `LineUnknown`, `NoCall`, or as asking Asterisk does.
    """
    leg = _call(context, who, command.unique_id)
    await context.asterisk.bring_about(
        lambda: leg.channel.unique_id not in context.center.channels.by_id,
        HangUp(leg.channel.name),
        ignore=("ChannelGone",),
    )


async def direct_transfer(context: Context, command: DirectTransfer, who: Session) -> None:
    """Transfer the other party of the user's latest call to a number, without consultation.

    Raises `Refused` with `DestinationNotAllowed`, `LineUnknown`, `NoCall` when there is nobody to
    transfer, or as asking Asterisk does.
    """
    check_destination(context, command.destination)
    line = own_line(context, who)
    leg = _call(context, who, None)
    no_call = Refused("NoCall", "The phone has no call to transfer.")
    if leg.channel.state is not ChannelState.UP:
        raise no_call
    try:  # EventEstablished comes a moment before the two parties are bridged
        await context.asterisk.bring_about(lambda: talks(context.center.channels, leg) or leg.over)
    except Refused as refusal:
        raise no_call if refusal.code == "AsteriskTimeout" else refusal from None
    if leg.over:
        raise no_call
    await context.asterisk.bring_about(
        lambda: leg.over or leg.channel.unique_id not in context.center.channels.by_id,
        SendOn(leg.channel.name, line.context, command.destination),
    )


def _call(context: Context, who: Session, unique_id: str | None) -> Leg:
    legs = context.center.phone_calls.of(own_line(context, who).interface)
    if unique_id is not None:
        legs = [leg for leg in legs if leg.unique_id == unique_id]
    if not legs:
        raise Refused("NoCall", "The phone has no such call.")
    # Of several calls, the active one, not one that is on hold or still rings.
    return max(legs, key=lambda leg: (leg.joined and not leg.channel.held, leg.channel.since))
