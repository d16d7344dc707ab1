"""How files name queues: by their name, with the PBX where several PBXs have a queue of that name.

A queue's name is unique on its PBX alone. ``sales [north]`` names the one on ``north``; it is never
another queue's name, which holds no brackets.
"""

from collections.abc import Iterable

from xucd.center.directory import Queue, folded
from xucd.config.validation import either


def written(queues: Iterable[Queue]) -> dict[int, str]:
    """What to write for each queue, by its id."""
    queues = list(queues)
    shared = _shared(queues)
    return {
        queue.id: with_pbx(queue) if folded(queue.name) in shared else queue.name
        for queue in queues
    }


def queue_ids(queues: Iterable[Queue]) -> dict[str, int]:
    """The id of each queue by all that may be written for it: always its name with the PBX."""
    queues = list(queues)
    shared = _shared(queues)
    plain = {queue.name: queue.id for queue in queues if folded(queue.name) not in shared}
    return plain | {with_pbx(queue): queue.id for queue in queues}


def with_pbx(queue: Queue) -> str:
    """A queue's name with its PBX."""
    return f"{queue.name} [{queue.pbx}]"


def without_pbx(text: str) -> str:
    """The name in what is written for a queue."""
    return text.partition(" [")[0]


def several(name: str, known: Iterable[str]) -> str:
    """The problem of a name that several PBXs have; "" if they do not. `known` are `queue_ids`."""
    meant = [f'"{each}"' for each in known if folded(each).startswith(folded(f"{name} ["))]
    return f"several PBXs have a queue {name}: write {either(meant)}" if meant else ""


def _shared(queues: list[Queue]) -> set[str]:
    """The names that queues on several PBXs have."""
    pbxs: dict[str, set[str]] = {}
    for queue in queues:
        pbxs.setdefault(folded(queue.name), set()).add(queue.pbx)
    return {name for name, having in pbxs.items() if len(having) > 1}
