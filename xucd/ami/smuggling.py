r"""Line ends that callers smuggle into AMI within their number, found and taken out.

Asterisk decodes ``%0D%0A`` in a SIP address, and writes the number into events and lists as it is
(16 and 22). A stranger's ``1%0D%0A%0D%0AEvent%3A%20Shutdown`` would end an event and begin another.
What follows the number cannot be forged: Asterisk takes 79 bytes of it at most, and the headers
that always follow each other from `CallerIDNum` to `Linkedid` are longer than that. A block in
which they do not was cut by a number, and is joined with its rest.
"""

import re

END = b"\r\n\r\n"
"""What ends a block."""

MAX_JOINED = 20
"""The most blocks that are joined: a number has no room for more empty lines."""

_ANY = rb"[^\r\n]*\r\n\w*"
_PARTIES = (
    rb"CallerIDNum: (VALUE)\r\n\w*CallerIDName: ANYConnectedLineNum: (VALUE)\r\n\w*"
    rb"ConnectedLineName: ANY"
)
_DESCRIPTION = (
    rb"ANY" + _PARTIES + rb"Language: ANYAccountCode: ANYContext: ANYExten: (VALUE)\r\n\w*"
    rb"Priority: ANYUniqueid: ANYLinkedid: "
)
_WAITING = rb"(?:[^\r\n]+\r\n)+?" + _PARTIES + rb"Wait: "


class _Form:
    """How Asterisk describes somebody: a `mark` and the headers after it.

    `whole` is for values of one line, `torn` for values with line ends.
    """

    def __init__(self, mark: bytes, headers: bytes) -> None:
        headers = headers.replace(b"ANY", _ANY)
        self.mark = mark
        self.whole = re.compile(headers.replace(b"VALUE", rb"[^\r\n]*"))
        self.torn = re.compile(headers.replace(b"VALUE", rb".*?"), re.DOTALL)


_ENTRY = _Form(b"Event: QueueEntry\r\n", _WAITING)
_CHANNEL = _Form(b"ChannelStateDesc: ", _DESCRIPTION)


class Mender:
    """Mends the blocks of one stream. No I/O.

    It leaves blocks alone until it has seen a whole one, so that an Asterisk which describes
    channels in another way is heard as it is.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._seen: set[_Form] = set()

    def mend(self, blocks: list[bytes]) -> list[bytes]:
        """The blocks, those joined that a number has cut; one whose rest is missing is kept."""
        if not self._held and all(map(self._is_whole, blocks)):
            return blocks
        mended: list[bytes] = []
        for block in blocks:
            if not self._held and self._is_whole(block):
                mended.append(block)
                continue
            self._held.append(block)
            joined = _joined(END.join(self._held))
            if joined is not None or len(self._held) > MAX_JOINED:
                mended += self._held if joined is None else [joined]
                self._held = []
        return mended

    def _is_whole(self, block: bytes) -> bool:
        form = _form_of(block)
        at = block.find(form.mark)
        while at >= 0:
            found = form.whole.match(block, at + len(form.mark))
            if found is None:
                return form not in self._seen
            self._seen.add(form)
            at = block.find(form.mark, found.end())
        return True


def _form_of(block: bytes) -> _Form:
    return _ENTRY if block.startswith(_ENTRY.mark) else _CHANNEL


def _joined(block: bytes) -> bytes | None:
    """The block with blanks for the line ends in its numbers; None when its rest is missing."""
    form = _form_of(block)
    at = block.find(form.mark)
    while at >= 0:
        found = form.torn.match(block, at + len(form.mark))
        if found is None:
            return None
        for start, stop in found.regs[1:]:
            value = block[start:stop].replace(b"\r", b" ").replace(b"\n", b" ")
            block = block[:start] + value + block[stop:]
        at = block.find(form.mark, found.end())
    return block
