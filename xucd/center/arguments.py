"""The arguments of a dialplan's step, parted as Asterisk's applications part them.

A comma within quotes, parentheses or brackets parts nothing; quotes and backslashes are taken off:
``Queue("Vertrieb Süd",t)`` is of the queue ``Vertrieb Süd``. What stands within ``${…}`` or
``$[…]`` stays as it is: a dialplan as it is written still has them, the data of a call has none.
"""

import re

_PART = re.compile(r"\$[{[]|\\.|.", re.DOTALL)


def arguments_of(data: str) -> list[str]:
    """The arguments of a step with this data, at least one."""
    arguments = [""]
    expressions = enclosed = 0  # how deep in ${…} or $[…], and in (…) or […]
    quoted = False
    for part in _PART.findall(data):
        if part in ("${", "$["):
            expressions += 1
        elif expressions:
            expressions += (part in "{[") - (part in "}]")
        elif part == ",":
            if not quoted and not enclosed:
                arguments.append("")
                continue
        elif part == '"':
            quoted = not quoted
            continue
        elif part in "([":
            enclosed += 1
        elif part in ")]":
            enclosed = max(0, enclosed - 1)
        arguments[-1] += part if expressions else part.removeprefix("\\")
    return arguments


def first_argument(data: str) -> str:
    """The first argument of a step: the queue of ``Queue()``."""
    return arguments_of(data)[0]
