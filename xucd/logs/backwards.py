"""A log of Asterisk's, read backwards as far as it is needed.

The file may have been rotated meanwhile: ``queue_log.1`` and so on beside it are read, too, those
written last first. Compressed ones are not.
"""

from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 18
MAX_BYTES = 1 << 27
"""How much is read at most: a day of 100,000 calls has 30 MB."""


class LogError(Exception):
    """The log cannot be read, or not far enough. The text says why."""


def lines_backwards(file: Path) -> Iterator[bytes]:
    """The whole lines of a log and of its rotated parts, the last first. Blocks.

    Raises `LogError` if one cannot be read, or if there is too much to read.
    """
    left = MAX_BYTES
    for part in _parts(file):
        try:
            for line in _backwards(part):
                left -= len(line) + 1
                if left < 0:
                    raise LogError(f"{part} has too much to read of that time")
                yield line
        except OSError as error:
            raise LogError(f"cannot read {part}: {error.strerror}") from error


def _parts(file: Path) -> list[Path]:
    """The log and its rotated parts, the latest first. Raises `LogError` if there is none."""
    try:
        parts = [
            part
            for part in file.parent.iterdir()
            if part.name == file.name
            or (part.name.startswith(f"{file.name}.") and part.suffix[1:].isdecimal())
        ]
        written = {part: part.stat().st_mtime for part in parts}
    except OSError as error:
        raise LogError(f"cannot read {file}: {error.strerror}") from error
    if not parts:
        raise LogError(f"cannot read {file}: there is no such file")
    return sorted(parts, key=lambda part: (part != file, -written[part]))


def _backwards(file: Path) -> Iterator[bytes]:
    """The whole lines of a file, the last first."""
    with file.open("rb") as source:
        position = source.seek(0, 2)
        rest = b""
        while position > 0:
            size = min(CHUNK, position)
            position -= size
            source.seek(position)
            rest = source.read(size) + rest
            lines = rest.split(b"\n")
            rest = lines[0]
            yield from reversed(lines[1:])
        yield rest
