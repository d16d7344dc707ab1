"""Variables that a client attaches to a call it has placed: judged here, put by for the call.

`{"var1": "value 1"}` becomes the channel variable `USR_var1`. How many there may be and how they
may be named is the command's type; here it is judged how much they are together.
"""

from collections.abc import Mapping

from xucd.agi.call_variables import Requests, TooMany
from xucd.agi.variables import LONGEST, LONGEST_BYTES
from xucd.center.refused import Refused

PREFIX = "USR_"
TOTAL_BYTES = 32 * 1024

Value = str | int | float | bool | None


def put_by(
    requests: Requests,
    variables: Mapping[str, Value] | None,
    functions: Mapping[str, str] | None = None,
) -> str:
    """Put a call's variables by; returns the id for which the dialplan gets them.

    `functions` are set on the call's channels as they are named. Raises `Refused` with
    `VariablesTooLarge` or `TooManyCalls`.
    """
    named = {f"{PREFIX}{name}": as_text(value) for name, value in (variables or {}).items()}
    sizes = [len(value.encode()) for value in named.values()]
    if max(sizes, default=0) > LONGEST_BYTES or any(len(one) > LONGEST for one in named.values()):
        raise Refused("VariablesTooLarge", f"A value has more than {LONGEST} characters.")
    if sum(sizes) > TOTAL_BYTES:
        raise Refused("VariablesTooLarge", f"All values have more than {TOTAL_BYTES} bytes.")
    try:
        return requests.put({**named, **(functions or {})})
    except TooMany:
        raise Refused("TooManyCalls", "Too many calls are being placed.") from None


def as_text(value: Value) -> str:
    """A value as a channel variable has it; numbers and truth as JSON writes them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
