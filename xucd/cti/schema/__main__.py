"""Writes what is generated from the message structs into the client libraries."""

import json
import sys
from pathlib import Path

from xucd.cti.schema.commands import table
from xucd.cti.schema.python import client_methods
from xucd.cti.schema.typescript import types

PACKAGE = Path(__file__).parents[2]
LIBRARY = PACKAGE / "web" / "static" / "lib"
BY_HAND = Path(__file__).parent / "library.d.ts"
MADE = "Made by python -m xucd.cti.schema out of the message structs; do not edit."


def generated() -> dict[Path, str]:
    """What each generated file is to hold."""
    rows = "".join(f"  {name}: {json.dumps(row)},\n" for name, row in table().items())
    return {
        LIBRARY / "table.js": f"/* {MADE} */\n\nexport const COMMANDS = {{\n{rows}}};\n",
        LIBRARY / "xucd.d.ts": f"/* {MADE} */\n\n{BY_HAND.read_text()}\n{types()}",
        PACKAGE / "client" / "commands.py": client_methods(MADE),
    }


def main() -> int:
    """Write the files that differ, and say which."""
    for path, content in generated().items():
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
