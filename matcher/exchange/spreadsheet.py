"""Reading an XLSX in a process of its own, which can be killed: `python -m matcher.exchange.spreadsheet < FILE`.

The archive is measured before it is read, counting what really comes out of it, not what it declares.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from datetime import date, datetime, time
from typing import Any

from .errors import ImportRefused

SECONDS = 30
MOST_ENTRIES = 1_000
MOST_UNPACKED = 100_000_000
MOST_RATIO = 100
MOST_MEMORY = 1_500_000_000
ROWS_READ = 20_002
COLUMNS_READ = 201


def read(data: bytes) -> list[list[str]]:
    """Return the cells of the first sheet that holds anything, as text; raise ImportRefused."""
    command = [sys.executable, "-I", "-m", __name__]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ImportRefused("file_slow") from None
    if done.returncode != 0:
        last = (done.stderr.decode("utf8", "replace").strip().splitlines() or ["the reader stopped"])[-1]
        if last.startswith("bomb:"):
            raise ImportRefused("file_bomb")
        raise ImportRefused("file_broken", detail=last[-120:])
    return json.loads(done.stdout)


def main() -> None:
    """Read an XLSX from stdin and write its cells to stdout as JSON."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from python_calamine import CalamineWorkbook

    data = sys.stdin.buffer.read()
    _measure(data)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    cells: list[list[Any]] = []
    for name in book.sheet_names:
        cells = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=ROWS_READ)
        if any(cell not in ("", None) for row in cells for cell in row):
            break
    json.dump([[as_text(cell) for cell in row[:COLUMNS_READ]] for row in cells], sys.stdout, ensure_ascii=True)


def _measure(data: bytes) -> None:
    unpacked = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if len(archive.infolist()) > MOST_ENTRIES:
            sys.exit("bomb: entries")
        for entry in archive.infolist():
            with archive.open(entry) as part:
                while block := part.read(1 << 16):
                    unpacked += len(block)
                    if unpacked > MOST_UNPACKED or (unpacked > 1_000_000 and unpacked > MOST_RATIO * len(data)):
                        sys.exit("bomb: size")


def as_text(cell: Any) -> str:
    """Return a cell as a person would type it: whole numbers without a point, days as ISO dates."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "True" if cell else "False"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


if __name__ == "__main__":
    main()
