"""The sdist and the wheel of this checkout, made as a release makes them, once in a test run."""

import atexit
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

PROJECT = Path(__file__).parent.parent
_SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


def copied(target: Path) -> Path:
    """A copy of the checkout without what git ignores: nothing that an earlier build left."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if not (PROJECT / name).is_file():  # removed, and not yet committed
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, place)
    return target


@cache
def built() -> tuple[Path, Path]:
    """The sdist, and the wheel that is made from it."""
    folder = Path(mkdtemp(prefix="xucd-dist-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = copied(folder / "source")
    assets = "xucd/web/static/vendor"
    subprocess.run([PROJECT / "packages/make-assets"], check=True)
    shutil.copytree(PROJECT / assets, source / assets)
    _run(source, "-c", _SDIST, str(folder))
    [sdist] = folder.glob("xucd-*.tar.gz")
    _run(source, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(folder), str(sdist))  # fmt: skip
    [wheel] = folder.glob("xucd-*.whl")
    shutil.rmtree(source)
    return sdist, wheel


def _run(source: Path, *arguments: str) -> None:
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=source, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
