"""The lines: whether Asterisk has their phones, and whether these are registered.

Asterisk lists the devices whose state it has been told, as that of every PJSIP endpoint is. Those
of others it finds out when it is asked for one, by func_devstate; without that, a Local channel's
cannot be known.
"""

from collections.abc import AsyncIterator, Iterable

from xucd.ami import actions
from xucd.center.directory import LOCAL
from xucd.tools.checks import Finding, counted
from xucd.tools.checks.subject import Subject


async def phones(subject: Subject) -> AsyncIterator[Finding]:
    """Lines whose phone does not exist or is not registered."""
    names = list(dict.fromkeys(line.phone for line in subject.directory.lines.values()))
    if not names or not subject.may("DeviceStateList"):
        return
    blocks = await subject.query(actions.device_state_list())
    states = {
        block["Device"]: block["State"]
        for block in blocks
        if block.get("Event") == "DeviceStateChange"
    }
    if subject.may("Getvar") and await subject.loaded("func_devstate"):
        for name in names:
            if name not in states:
                states[name] = await subject.value(f"DEVICE_STATE({name})")
    missing = [
        name
        for name in names
        if states.get(name, "" if name.startswith(LOCAL) else "INVALID") == "INVALID"
    ]
    if missing:
        yield _missing(missing)
    unregistered = [name for name in names if states.get(name) == "UNAVAILABLE"]
    if unregistered:
        yield _unregistered(unregistered)


def _missing(names: Iterable[str]) -> Finding:
    return Finding(
        "LinesMissing",
        "warning",
        f"Asterisk has no device for {counted(names, 'line', 'lines')}: no call can ring there, and"
        " an agent logged in there is shown as unreachable",
        "correct the lines' interface or device in xucd's centre file (PJSIP/NAME has the name of"
        " an endpoint in pjsip.conf), or load the driver in Asterisk",
    )


def _unregistered(names: Iterable[str]) -> Finding:
    return Finding(
        "LinesUnregistered",
        "note",
        f"no phone is registered for {counted(names, 'line', 'lines')}",
        "nothing, if these phones are switched off or not in use yet; otherwise look at the phone's"
        " server, user and password",
    )
