"""Files that stand whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write, for its owner alone to read, that takes the place of `path` when the block ends.

    Raises OSError when it cannot be written. Whatever is raised, what stood there stays, and nothing is left behind.
    """
    # The name is made by tempfile: mode 0600, and never one that is there already.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def leftovers(path: Path) -> list[Path]:
    """Return what writers of this file left that were killed; only whoever alone may write it may remove them."""
    return sorted(path.parent.glob(f".{path.name}.*{PART}"))
