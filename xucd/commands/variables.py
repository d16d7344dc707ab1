"""Variables that a client attaches to a call that it places.

`{"var1": "value 1"}` becomes the channel variable `USR_var1`. The command's type limits the number
and the names of variables; here their size is checked.
"""

from collections.abc import Mapping

from xucd.agi.call_variables import CallVariables, TooManyCalls
from xucd.agi.variables import MAX_BYTES, MAX_LENGTH
from xucd.center.refused import Refused

PREFIX = "USR_"
TOTAL_BYTES = 32 * 1024

Value = str | int | float | bool | None


def store_variables(
    call_variables: CallVariables,
    variables: Mapping[str, Value] | None,
    own: Mapping[str, str] | None = None,
) -> str:
    """Store a call's variables; returns the request id for which the dialplan fetches them.

    `own` are variables of xucd's, and functions such as `CALLERID(name)`, to be set on the channels
    that ask for them.
    Raises `Refused` with `VariablesTooLarge` or `TooManyCalls`.
    """
    named = {f"{PREFIX}{name}": as_text(value) for name, value in (variables or {}).items()}
    sizes = [len(value.encode()) for value in named.values()]
    if max(sizes, default=0) > MAX_BYTES or any(
        len(value) > MAX_LENGTH for value in named.values()
    ):
        raise Refused(
            "VariablesTooLarge", f"A variable's value has more than {MAX_LENGTH} characters."
        )
    if sum(sizes) > TOTAL_BYTES:
        raise Refused(
            "VariablesTooLarge", f"All variables together have more than {TOTAL_BYTES} bytes."
        )
    try:
        return call_variables.put({**named, **(own or {})})
    except TooManyCalls:
        raise Refused("TooManyCalls", "Too many calls are being placed.") from None


def as_text(value: Value) -> str:
    """A value as text for a channel variable; numbers and booleans as in JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
