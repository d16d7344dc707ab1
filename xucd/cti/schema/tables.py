"""The tables of the JavaScript library: commands, parts of the state, and lists of names."""

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xucd.center.agent import AgentState
from xucd.center.callee import KEYS
from xucd.cti.messages import AgentStatistic, QueueStatistic
from xucd.cti.parts import PARTS
from xucd.cti.schema.commands import doc, method_name, table

STATES = [state.value for state in AgentState if state is not AgentState.LOGIN]
"""The agent states that xucd sends."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of some statistics: `rows` maps the name in the code to the name on the wire."""

    type_name: str
    table_name: str
    text: str
    rows: Mapping[str, str]


def _names(table_name: str, names: type[enum.StrEnum]) -> Names:
    return Names(names.__name__, table_name, doc(names), {name.name: name for name in names})


STATISTICS = (
    _names("AGENT_STATISTICS", AgentStatistic),
    _names("QUEUE_STATISTICS", QueueStatistic),
)


def module() -> str:
    """The JavaScript module of all tables."""
    return "\n".join(
        (
            _table("COMMANDS", "Every command, by the name of its method.", table()),
            _table("PARTS", "The commands that fill each part of the state.", _parts()),
            _list("AGENT_STATES", "The states of an agent that xucd sends.", STATES),
            _list("CALLEE_COLUMNS", "What a callback says of whom to call.", list(KEYS.values())),
            *(_table(names.table_name, names.text, names.rows) for names in STATISTICS),
        )
    )


def _parts() -> dict[str, Any]:
    """Each part's commands, spelled as the library spells them."""
    return {part: [list(_call(*sent)) for sent in commands] for part, commands in PARTS.items()}


def _call(command: str, values: dict[str, Any]) -> Iterator[Any]:
    wires = {row["command"]: row["arguments"] for row in table().values()}[command]
    names = {wire: name for name, wire in wires.items()}
    yield method_name(command)
    yield {names[wire]: value for wire, value in values.items()}


def _list(name: str, text: str, values: list[str]) -> str:
    return f"/** {text} */\nexport const {name} = /** @type {{const}} */ ({json.dumps(values)});\n"


def _table(name: str, text: str, rows: Mapping[str, Any]) -> str:
    body = "".join(f"  {key}: {json.dumps(row)},\n" for key, row in rows.items())
    return f"/** {text} */\nexport const {name} = /** @type {{const}} */ ({{\n{body}}});\n"
