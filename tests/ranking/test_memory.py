import ctypes
import subprocess
import sys

import pytest

HEAPS = """
import ctypes, sys, threading
from matcher.ranking import memory
getattr(memory, sys.argv[1], lambda: None)()
done = threading.Barrier(5)
def work():
    kept = [bytes(1000) for _ in range(1000)]
    done.wait()
for _ in range(4):
    threading.Thread(target=work).start()
done.wait()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def heaps(wanted: str) -> int:
    command = [sys.executable, "-c", HEAPS, wanted]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")
@pytest.mark.parametrize("wanted", ["one_heap", "return_large_blocks"])
def test_threads_use_one_heap(wanted):
    assert heaps("nothing") > 1
    assert heaps(wanted) == 1


HOLES = """
import sys
from pathlib import Path
from matcher.ranking import memory

def held():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) / 1024

memory.one_heap()
memory.PAUSE = float(sys.argv[1])
before, kept = held(), [bytes(5000) for _ in range(20_000)]
kept = kept[::50]  # one in fifty is left, so that the heap cannot shrink from its top
memory.give_back(1)
print(held() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
@pytest.mark.parametrize(("pause", "most"), [(0, 20), (3600, 150)])
def test_holes_that_few_things_leave_are_given_back_after_a_while(pause, most):
    """In megabytes: 100 were taken and 2 are still used."""
    command = [sys.executable, "-c", HOLES, str(pause)]
    held = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (most > 100) == (held > 50)
    assert held < most
