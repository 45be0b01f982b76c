"""What the hub's processes take: memory and open files, sampled while people are there."""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sample:
    """At one moment: megabytes and open files of each process, by pid."""

    at: float
    memory: dict[int, float]
    files: dict[int, int]


class Gauges(threading.Thread):
    """Samples the processes that descend from some, until `stop`."""

    def __init__(self, roots: list[int], every: float) -> None:
        super().__init__(daemon=True)
        self._roots, self._every, self.stop = roots, every, threading.Event()
        self.samples: list[Sample] = []

    def run(self) -> None:
        while not self.stop.wait(self._every):
            self.samples.append(sample(self._roots))

    def quarter(self, number: int) -> tuple[float, float]:
        """Return the median megabytes and open files of all processes together in a quarter (0 to 3) of the time."""
        size = len(self.samples) // 4
        part = self.samples[number * size : (number + 1) * size]
        return (
            statistics.median(sum(one.memory.values()) for one in part),
            statistics.median(sum(one.files.values()) for one in part),
        )

    def by_process(self) -> dict[str, list[float]]:
        """Return the median megabytes of each process that lived to the end, in each quarter, by pid and command."""
        size = len(self.samples) // 4
        parts = [self.samples[number * size : (number + 1) * size] for number in range(4)]
        pids = set(self.samples[-1].memory).intersection(*(one.memory for part in parts for one in part[-1:]))
        return {
            f"{pid} {_command(pid)}": [
                round(statistics.median(one.memory.get(pid, 0.0) for one in part), 1) for part in parts
            ]
            for pid in sorted(pids)
        }


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[-40:]


def sample(roots: list[int]) -> Sample:
    """Look at the processes and all that descend from them."""
    memory, files = {}, {}
    for pid in _family(roots):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            memory[pid] = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
            files[pid] = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Sample(time.monotonic(), memory, files)


def _family(roots: list[int]) -> list[int]:
    found = list(roots)
    for pid in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return found
