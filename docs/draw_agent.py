"""Draws the agent's life in agents.md from the table that xucd itself follows.

Run it after a change of `xucd/center/agent.py`: `python docs/draw_agent.py`.
"""

from pathlib import Path

from xucd.center.agent import STANCE, Phone, Stance, shown

PAGE = Path(__file__).with_name("agents.md")
BEGIN, END = "<!-- drawn: {} -->\n", "<!-- end: {} -->\n"


def diagram() -> str:
    """The stances and what leads from one to another, for Mermaid."""
    arrows = [
        f"    {before.value} --> {after.value}: {fact.value}\n"
        for (before, fact), after in STANCE.items()
    ]
    return f"```mermaid\nstateDiagram-v2\n    [*] --> out\n{''.join(arrows)}```\n"


def table() -> str:
    """The state that clients see, by stance and phone, as a table."""
    phones = list(Phone)
    head = " | ".join(phone.value for phone in phones)
    rows = [
        f"| {stance.value} | {' | '.join(f'`{shown(stance, phone).value}`' for phone in phones)} |"
        for stance in Stance
    ]
    return f"| | {head} |\n|{' --- |' * (len(phones) + 1)}\n" + "\n".join(rows) + "\n"


def drawn(page: str) -> str:
    """The page with both drawn anew between their marks."""
    for name, drawing in (("diagram", diagram()), ("table", table())):
        before, begin, rest = page.partition(BEGIN.format(name))
        _, end, after = rest.partition(END.format(name))
        page = before + begin + drawing + end + after
    return page


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
