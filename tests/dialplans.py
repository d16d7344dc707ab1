"""Dialplans for tests, written as in extensions.conf."""

from xucd.ami.framing import Block
from xucd.tools.dialplan import Dialplan, read_dialplan


def dialplan(text: str) -> Dialplan:
    """A dialplan from one as in extensions.conf."""
    return read_dialplan(listed(text))


def listed(text: str) -> list[Block]:
    """What `ShowDialPlan` answers for a dialplan as in extensions.conf."""
    blocks: list[Block] = []
    context = exten = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            context = line.strip("[]")
            continue
        word, _, said = line.partition(" => ")
        block = {"Event": "ListDialplan", "Context": context}
        if word == "include":
            blocks.append(block | {"IncludeContext": said})
            continue
        if word == "exten":
            exten, said = said.split(",", 1)
        priority, application = said.split(",", 1)
        data = ""
        if priority != "hint":
            application, _, data = application.removesuffix(")").partition("(")
        blocks.append(
            block
            | {
                "Extension": exten,
                "Priority": priority,
                "Application": application,
                "AppData": data,
            }
        )
    return blocks
