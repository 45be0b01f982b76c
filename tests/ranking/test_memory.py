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
