"""The frame that clients send nearly always: one text, whole, and alone in what was read.

Autobahn takes ten times as long for it as it needs: its parser is made for frames in pieces. So it
is read here. All else is left to Autobahn: fragments, control frames, several frames in one read,
and whatever breaks the protocol.
"""

_TEXT = 0x81  # a text, with the bit of a frame that is the last of its message
_MASKED = 0x80
_LONG = 126  # in place of a length, which follows in two bytes


def text_of(data: bytes) -> bytes | None:
    """The text in what was read, if that is exactly one masked text frame of valid UTF-8."""
    size = len(data)
    if size < 6 or data[0] != _TEXT:
        return None
    length, head = data[1] - _MASKED, 2
    if length > _LONG:
        return None
    if length == _LONG:
        length, head = int.from_bytes(data[2:4], "big"), 4
        if length < _LONG:
            return None
    if length != size - head - 4:
        return None
    mask, text = data[head : head + 4], data[head + 4 :]
    key = (mask * (length // 4 + 1))[:length]
    plain = int.from_bytes(text, "little") ^ int.from_bytes(key, "little")
    text = plain.to_bytes(length, "little")
    try:
        text.decode()
    except UnicodeDecodeError:
        return None
    return text
