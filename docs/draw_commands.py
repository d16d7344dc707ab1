"""Writes the table of commands in protocol.md from the structs and the handlers of the commands.

Run it after a change of a command's struct or of the handlers: `python docs/draw_commands.py`.
"""

from pathlib import Path

from xucd.app.handlers import CALLBACK_HANDLERS, HANDLERS
from xucd.cti.schema.commands import Argument, Method, methods

PAGE = Path(__file__).with_name("protocol.md")
BEGIN, END = "<!-- drawn: commands -->\n", "<!-- end: commands -->\n"


def table() -> str:
    """Every command that is carried out: its name, its arguments, and what it does."""
    supported = HANDLERS.keys() | CALLBACK_HANDLERS.keys()
    rows = "".join(_row(method) for method in methods() if method.struct in supported)
    return f"| command | arguments | what it does |\n| --- | --- | --- |\n{rows}"


def _row(method: Method) -> str:
    arguments = ", ".join(_spelling(argument) for argument in method.arguments)
    cells = (f"`{method.command}`", arguments, method.summary)
    return f"|{'|'.join(f' {cell} '.replace('  ', ' ') for cell in cells)}|\n"


def _spelling(argument: Argument) -> str:
    """The argument's name on the wire, with a question mark when it may be left out."""
    return f"`{argument.wire}{'' if argument.field.required else '?'}`"


def drawn(page: str) -> str:
    """The page with the table written anew between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + begin + table() + end + after


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
