"""The addresses of a centre's nodes, of which a client uses one at a time."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from xucd.client.errors import Refused

PATIENCE = 2.0
"""Seconds after which an address that has not answered is not waited for alone."""

_OF_ONE_NODE = frozenset({"Unreachable", "InternalError", "SignInUnavailable", "StoreUnavailable"})
"""Refusals after which another node may answer otherwise."""

T = TypeVar("T")


class NodeAddresses:
    """Base URLs, of which one is present until it fails."""

    def __init__(self, urls: str | Sequence[str]) -> None:
        self._urls = [urls] if isinstance(urls, str) else list(urls)
        if not self._urls:
            raise ValueError("a client needs an address")

    @property
    def present(self) -> str:
        """The address in use."""
        return self._urls[0]

    @property
    def several(self) -> bool:
        """Whether there is another one to go to."""
        return len(self._urls) > 1

    def move_on(self) -> None:
        """Use the next one: the present one has failed."""
        self._urls.append(self._urls.pop(0))

    async def ask(self, request: Callable[[str], Coroutine[Any, Any, T]]) -> T:
        """Ask the present address, then the others in turn; the one that answers becomes present.

        The next one is asked once one has failed, and as well as one that does not answer in time.
        Raises `Refused` once a node refuses for the whole centre, or all have failed.
        """
        waiting, asked = list(self._urls), dict[asyncio.Task[T], str]()
        failure = Refused("Unreachable")
        try:
            while waiting or asked:
                if waiting:
                    url = waiting.pop(0)
                    asked[asyncio.create_task(request(url))] = url
                ended, _ = await asyncio.wait(
                    asked,
                    timeout=PATIENCE if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in ended:
                    url = asked.pop(task)
                    try:
                        answer = task.result()
                    except Refused as refused:
                        if refused.code not in _OF_ONE_NODE:
                            raise
                        failure = refused
                    else:
                        self._use(url)
                        return answer
            raise failure
        finally:
            for task in asked:
                task.cancel()

    def _use(self, url: str) -> None:
        at = self._urls.index(url)
        self._urls = self._urls[at:] + self._urls[:at]
