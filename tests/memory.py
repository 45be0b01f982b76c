"""Where the databases of tests stand: in memory, where the machine has such a folder.

Each commit waits for the disk, and a test makes dozens. What becomes of them on a disk is tested on one: tests/store,
tests/faults.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED = Path("/dev/shm")  # Linux; in a container it may be a few megabytes only
ROOM = 1 << 30


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder, and remove it with all that is in it."""
    roomy = os.access(SHARED, os.W_OK) and shutil.disk_usage(SHARED).free > ROOM
    with tempfile.TemporaryDirectory(prefix="matcher-", dir=SHARED if roomy else None) as made:
        yield Path(made)
