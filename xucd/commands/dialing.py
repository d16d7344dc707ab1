"""Commands to the user's own phone: dial, hang up, transfer.

There is no `answer`: no method to make a ringing phone answer works with every phone, and before
Asterisk 20 there is none at all.
"""

import uuid

from xucd.center.channels import DIAL_ID
from xucd.center.events import ChannelState
from xucd.center.intents import DialOut, FindNumber, HangUp, SendOn
from xucd.center.leg import talks
from xucd.center.refused import Refused
from xucd.commands.chosen_call import named, to_hang_up, to_transfer
from xucd.commands.context import Context
from xucd.commands.dial_from_queue import check_destination
from xucd.commands.own_phone import check_in_reach, own_line
from xucd.commands.variables import store_variables
from xucd.cti.commands import Dial, DirectTransfer, Hangup
from xucd.cti.session import Session


async def dial(context: Context, command: Dial, who: Session) -> None:
    """Ring the user's own phone, and dial the destination once the user answers.

    Raises `Refused` with `FeatureDisabled`, `DestinationNotAllowed`, `LineUnknown`,
    `PhoneUnreachable`, `NumberUnknown`, `VariablesTooLarge`, `TooManyCalls`, or as asking Asterisk
    does.
    """
    if not context.options.features.dial:
        raise Refused("FeatureDisabled", "Dialling is switched off in the settings.")
    check_destination(context, command.destination)
    line = own_line(context, who)
    check_in_reach(context, line)
    if command.variables:  # else Asterisk itself looks before it rings the phone
        await context.asterisk.ask(FindNumber(line.context, command.destination))
        who.check()
    calls = context.center.phone_calls
    unique_id = f"{DIAL_ID}{uuid.uuid4()}"
    calls.expect(unique_id)
    request_id = (
        store_variables(context.call_variables, command.variables) if command.variables else ""
    )
    try:
        await context.asterisk.bring_about(
            lambda: unique_id in context.center.channels.by_id or calls.is_refused(unique_id),
            DialOut(
                line.dial_string,
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
    """Hang up a call of the user's own phone.

    Raises `Refused` with `LineUnknown`, `NoCall`, `AmbiguousCall`, or as asking Asterisk does.
    """
    legs = context.center.phone_calls.of(own_line(context, who).phone)
    leg = named(legs, command.unique_id) if command.unique_id else to_hang_up(legs)
    channels = [fork.channel for fork in context.center.phone_calls.forks(leg)]
    await context.asterisk.bring_about(
        lambda: all(each.unique_id not in context.center.channels.by_id for each in channels),
        *(HangUp(each.name) for each in channels),
        ignore=("ChannelGone",),
    )


async def direct_transfer(context: Context, command: DirectTransfer, who: Session) -> None:
    """Transfer the other party of one of the user's calls to a number, without consultation.

    Asterisk lets the other party go before it looks for the number, so it is asked first.

    Raises `Refused` with `DestinationNotAllowed`, `LineUnknown`, `NoCall` when there is nobody to
    transfer, `AmbiguousCall`, `NumberUnknown`, or as asking Asterisk does.
    """
    check_destination(context, command.destination)
    line = own_line(context, who)
    legs = context.center.phone_calls.of(line.phone)
    leg = named(legs, command.unique_id) if command.unique_id else to_transfer(legs)
    no_call = Refused("NoCall", "The phone has no call to transfer.")
    if leg.channel.state is not ChannelState.UP:
        raise no_call
    await context.asterisk.ask(FindNumber(line.context, command.destination))
    try:  # EventEstablished comes a moment before the two parties are bridged
        await context.asterisk.bring_about(lambda: talks(context.center.channels, leg) or leg.over)
    except Refused as refusal:
        raise no_call if refusal.code == "AsteriskTimeout" else refusal from None
    if leg.over:
        raise no_call
    who.check()
    await context.asterisk.bring_about(
        lambda: leg.over or leg.channel.unique_id not in context.center.channels.by_id,
        SendOn(leg.channel.name, line.context, command.destination),
    )
