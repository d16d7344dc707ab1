"""Draws the rooms of xucd and their imports: rooms.svg, and the table in architecture.md.

Both are made from the import statements of the code alone. An arrow leads from a room to a room
that it imports; an import that a chain of other arrows implies has no arrow of its own, but stands
in the table. Rooms above import rooms below, and a circle of rooms or of modules is an error.

Run it after a change of a room's imports or docstring: `python docs/draw_imports.py`.
"""

import ast
import graphlib
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent / "xucd"
PICTURE = Path(__file__).with_name("rooms.svg")
PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- drawn: rooms -->\n", "<!-- end: rooms -->\n"

Graph = dict[str, set[str]]
"""What each room, or each module, imports."""

BOX_HEIGHT, ROW_HEIGHT, GAP, MARGIN = 48, 88, 36, 24
NAME_WIDTH, TEXT_WIDTH = 9.5, 6.9
"""Pixels for each character of a room's name, and of the line below it."""
STARTS = 12
"""From how many orders of a layer the least tangled one is looked for."""
STRAIGHT = 4
"""How much more than a short arrow a long one pulls its ends into one line."""

STYLE = """
  text { font-family: "DejaVu Sans", Verdana, sans-serif; text-anchor: middle; fill: #1b2733 }
  .name { font-size: 15px; font-weight: bold } .text { font-size: 12px; fill: #4a5a6a }
  .paper { fill: #ffffff } .box { fill: #eef4fa; stroke: #3b6ea5; stroke-width: 1.5 }
  .arrow { fill: none; stroke: #5c7389; stroke-width: 1.6 } .tip { fill: #5c7389 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .text { fill: #a9b8c6 } .paper { fill: #10161d }
    .box { fill: #1b2a3a; stroke: #6ea4dc } .arrow { stroke: #8da3b8 } .tip { fill: #8da3b8 }
  }
"""


class Circle(Exception):
    """Some import each other in a circle. The text names them in order."""


# -- what the code says


def module_names() -> dict[str, Path]:
    """Every module of xucd by its dotted name, packages included."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def module_imports() -> Graph:
    """Which modules of xucd each module imports, those inside functions included."""
    modules = module_names()
    return {
        name: set(_imported(path, modules)) - {name, PACKAGE.name} for name, path in modules.items()
    }


def _imported(path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and (package := node.module or "") in modules:
            for alias in node.names:
                name = f"{package}.{alias.name}"
                yield name if name in modules else package


def room_of(module: str) -> str:
    """The room of a module; `python -m xucd` belongs to the command line."""
    room = module.split(".")[1]
    return "cli" if room == "__main__" else room


def room_imports(modules: Graph) -> Graph:
    """Which rooms each room imports."""
    rooms: Graph = {}
    for module, imported in modules.items():
        if module != PACKAGE.name:
            room = rooms.setdefault(room_of(module), set())
            room |= {room_of(name) for name in imported} - {room_of(module)}
    return rooms


def check_no_circle(graph: Graph) -> None:
    """Raises `Circle`."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        raise Circle(" -> ".join(reversed(error.args[1]))) from error


def summary(room: str) -> str:
    """The first line of the room's docstring, without its full stop."""
    path = PACKAGE / room / "__init__.py"
    source = path if path.exists() else PACKAGE / f"{room}.py"
    doc = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return doc.partition("\n")[0].removesuffix(".")


# -- where the rooms stand


def layers(rooms: Graph) -> list[list[str]]:
    """The rooms from the ground up: each stands one above the highest that it imports."""
    heights: dict[str, int] = {}
    for room in graphlib.TopologicalSorter(rooms).static_order():
        heights[room] = 1 + max((heights[below] for below in rooms[room]), default=-1)
    return [
        sorted(room for room in rooms if heights[room] == height)
        for height in range(1 + max(heights.values()))
    ]


def arrows(rooms: Graph) -> Graph:
    """The imports that no longer chain of imports implies."""
    reached: Graph = {}
    for room in graphlib.TopologicalSorter(rooms).static_order():
        reached[room] = rooms[room].union(*(reached[below] for below in rooms[room]))
    return {
        room: {
            below
            for below in imported
            if not any(below in reached[other] for other in imported - {below})
        }
        for room, imported in rooms.items()
    }


class Place(NamedTuple):
    """Where a box stands, or where an arrow passes a layer (`width` is 0 then)."""

    x: float
    y: float
    width: float


Chain = list[str]
"""An arrow from room to room, by way of a passing point in each layer between them."""


def chains(rooms: Graph, rows: list[list[str]]) -> tuple[list[list[str]], list[Chain]]:
    """The layers with the passing points of long arrows added, and every arrow's chain."""
    height = {room: row for row, names in enumerate(rows) for room in names}
    layered = [list(names) for names in rows]
    found = []
    for room, below in sorted(
        (room, below) for room, imported in arrows(rooms).items() for below in imported
    ):
        between = [f"{room}>{below}@{row}" for row in range(height[below] + 1, height[room])]
        for row, point in enumerate(between, height[below] + 1):
            layered[row].append(point)
        found.append([below, *between, room])
    return layered, found


def ordered(layered: list[list[str]], found: list[Chain]) -> list[list[str]]:
    """The layers, each in an order with which the whole picture is little tangled.

    From each of a few random orders, always the same ones, two of a layer change places as long as
    that untangles the picture.
    """
    steps = {step for chain in found for step in itertools.pairwise(chain)}
    starts = []
    for seed in range(STARTS):
        chance = random.Random(seed)
        starts.append([chance.sample(sorted(names), len(names)) for names in layered])
    return min((_untangled(rows, steps) for rows in starts), key=lambda rows: _cost(rows, steps))


def _untangled(rows: list[list[str]], steps: set[tuple[str, str]]) -> list[list[str]]:
    cost, better = _cost(rows, steps), True
    while better:
        better = False
        for names in rows:
            for one, other in itertools.combinations(range(len(names)), 2):
                names[one], names[other] = names[other], names[one]
                changed = _cost(rows, steps)
                if changed < cost:
                    cost, better = changed, True
                else:
                    names[one], names[other] = names[other], names[one]
    return rows


def _cost(rows: list[list[str]], steps: set[tuple[str, str]]) -> tuple[float, float]:
    between = [tangle(lower, upper, steps) for lower, upper in itertools.pairwise(rows)]
    return sum(crossings for crossings, _ in between), sum(sideways for _, sideways in between)


def tangle(
    lower: Sequence[str], upper: Sequence[str], steps: set[tuple[str, str]]
) -> tuple[float, float]:
    """How often arrows cross between two layers, and how far they lead sideways together."""
    pairs = [
        (column - (len(lower) - 1) / 2, other - (len(upper) - 1) / 2)
        for column, below in enumerate(lower)
        for other, above in enumerate(upper)
        if (below, above) in steps
    ]
    crossings = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in itertools.combinations(pairs, 2))
    return crossings, sum(abs(a - b) for a, b in pairs)


def width_of(name: str) -> float:
    """How wide a room's box is; a passing point has no width."""
    if "@" in name:
        return 0
    return 28 + max(NAME_WIDTH * len(name), TEXT_WIDTH * len(subtitle(name)))


def subtitle(room: str) -> str:
    """What stands below a room's name: its docstring up to the colon."""
    return summary(room).partition(":")[0].replace("`", "")


def places(rows: list[list[str]], found: list[Chain]) -> dict[str, Place]:
    """Where everything stands: each as near as can be to what it is joined with."""
    joined: dict[str, list[str]] = {name: [] for names in rows for name in names}
    for chain in found:
        for lower, upper in itertools.pairwise(chain):
            joined[lower].append(upper)
            joined[upper].append(lower)
    x = {name: 0.0 for names in rows for name in names}
    for names in rows:
        _spread(names, x)
    for _ in range(60):
        for names in (*rows, *reversed(rows)):
            for name in names:
                pull = {other: STRAIGHT if "@" in name + other else 1 for other in joined[name]}
                if pull:
                    x[name] = sum(x[o] * weight for o, weight in pull.items()) / sum(pull.values())
            _spread(names, x)
    left = min(x[name] - width_of(name) / 2 for name in x) - MARGIN
    top = len(rows) - 1
    return {
        name: Place(round(x[name] - left, 1), MARGIN + (top - row) * ROW_HEIGHT, width_of(name))
        for row, names in enumerate(rows)
        for name in names
    }


def _spread(names: list[str], x: dict[str, float]) -> None:
    """Move the names of a row apart until none overlap, in their order and about their middle."""
    middle = sum(x[name] for name in names) / len(names)
    for left, right in itertools.pairwise(names):
        least = (width_of(left) + width_of(right)) / 2 + GAP
        x[right] = max(x[right], x[left] + least)
    moved = sum(x[name] for name in names) / len(names) - middle
    for name in names:
        x[name] -= moved


# -- the drawing


def picture(rooms: Graph) -> str:
    """The rooms by layer, and the arrows of their imports, as SVG."""
    layered, found = chains(rooms, layers(rooms))
    rows = ordered(layered, found)
    place = places(rows, found)
    width = max(at.x + at.width / 2 for at in place.values()) + MARGIN
    height = len(rows) * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT) + 2 * MARGIN
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" role="img">',
        "<title>The rooms of xucd: every arrow is an import, and all lead downwards</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="tip" d="M0 1 L10 5 L0 9 z"/></marker></defs>',
        f'<rect class="paper" width="{width:.0f}" height="{height}" rx="8"/>',
        *(_arrow(chain, place) for chain in found),
        *(_box(room, place[room]) for room in sorted(rooms)),
        "</svg>",
    ]
    return "\n".join(drawn) + "\n"


def _box(room: str, at: Place) -> str:
    left = at.x - at.width / 2
    return (
        f"<g><title>{escape(summary(room), quote=False)}</title>"
        f'<rect class="box" x="{left:.1f}" y="{at.y}" width="{at.width:.1f}" '
        f'height="{BOX_HEIGHT}" rx="6"/>'
        f'<text class="name" x="{at.x}" y="{at.y + 20}">{room}</text>'
        f'<text class="text" x="{at.x}" y="{at.y + 38}">'
        f"{escape(subtitle(room), quote=False)}</text></g>"
    )


def _arrow(chain: Chain, place: Mapping[str, Place]) -> str:
    """A curve from the upper room down to the lower one, through its passing points."""
    *between, room = chain[1:]
    below = chain[0]
    x, y = _port(room, between[-1] if between else below, place), place[room].y + BOX_HEIGHT
    path = [f"M{x:.1f} {y}"]
    for point in reversed(between):
        at = place[point]
        path.append(_curve(x, y, at.x, at.y))
        x, y = at.x, at.y + BOX_HEIGHT
        path.append(f"L{x:.1f} {y}")
    end = _port(below, between[0] if between else room, place)
    path.append(_curve(x, y, end, place[below].y))
    return f'<path class="arrow" d="{" ".join(path)}" marker-end="url(#tip)"/>'


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (to_y - y) / 2
    return f"C{x:.1f} {y + half:.1f} {to_x:.1f} {to_y - half:.1f} {to_x:.1f} {to_y}"


def _port(room: str, towards: str, place: Mapping[str, Place]) -> float:
    """Where at a box an arrow begins or ends: a little to the side that it comes from."""
    at, reach = place[room], place[room].width / 2 - 14
    return at.x + max(-reach, min(reach, (place[towards].x - at.x) / 3))


def table(rooms: Graph) -> str:
    """Every room from the top down, what it is for, and all that it imports."""
    rows = [
        f"| `{room}` | {summary(room)} | {', '.join(sorted(rooms[room])) or 'nothing'} |\n"
        for names in reversed(layers(rooms))
        for room in names
    ]
    return f"| room | what it holds | imports |\n| --- | --- | --- |\n{''.join(rows)}"


def drawn(page: str, rooms: Graph) -> str:
    """The page with the table made anew between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + begin + table(rooms) + end + after


def main() -> None:
    """Write the picture and the table. Raises `Circle`, and then writes nothing."""
    modules = module_imports()
    check_no_circle(modules)
    rooms = room_imports(modules)
    check_no_circle(rooms)
    PICTURE.write_text(picture(rooms), encoding="utf-8")
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8"), rooms), encoding="utf-8")


if __name__ == "__main__":
    main()
