"""How many large bodies are held at a time: each waits for its slot before it is read."""

import asyncio
from collections import defaultdict

SLOTS = 8
SLOTS_OF_USER = 2


class Slot:
    """One place, until it is given back; or one that is waited for."""

    def __init__(self, slots: "ImportSlots", user: int) -> None:
        self.user = user
        self.granted = asyncio.get_running_loop().create_future()
        self._slots = slots

    def give_back(self) -> None:
        """Let the next body come. Idempotent."""
        self._slots.give_back(self)


class ImportSlots:
    """Grants slots in the order in which they were asked for, but only some to each user."""

    def __init__(self) -> None:
        self._held: set[Slot] = set()
        self._of_user: defaultdict[int, int] = defaultdict(int)
        self._waiting: list[Slot] = []

    async def take(self, user: int) -> Slot:
        """A slot of a user's; waits for it."""
        slot = Slot(self, user)
        self._waiting.append(slot)
        self._grant()
        try:
            await slot.granted
        except asyncio.CancelledError:
            self.give_back(slot)
            raise
        return slot

    def give_back(self, slot: Slot) -> None:
        """Take back a slot, or the wish for one."""
        if slot in self._held:
            self._held.remove(slot)
            self._of_user[slot.user] -= 1
            if not self._of_user[slot.user]:
                del self._of_user[slot.user]
        elif slot in self._waiting:
            self._waiting.remove(slot)
        self._grant()

    def _grant(self) -> None:
        for slot in list(self._waiting):
            if len(self._held) >= SLOTS:
                return
            if self._of_user.get(slot.user, 0) < SLOTS_OF_USER:
                self._waiting.remove(slot)
                self._held.add(slot)
                self._of_user[slot.user] += 1
                slot.granted.set_result(None)
