"""Hosts for one test: each with an address of its own, in a network namespace where this machine allows it.

Without root (or `ip`) a host is another address of the loopback interface: separate processes, the same kernel.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

_numbers = itertools.count(os.getpid() % 200)


class Host:
    """One host: `address`, and processes that run there."""

    def __init__(self, name: str, address: str, prefix: Sequence[str], folder: Path) -> None:
        self.name, self.address, self.folder = name, address, folder
        self._prefix = list(prefix)
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir()

    def run(self, command: Sequence[str], log: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start a process on this host; what it says lands in the host's folder."""
        with (self.folder / log).open("ab") as said:
            process = subprocess.Popen(
                [*self._prefix, *command], env={**os.environ, **environ}, cwd=self.folder,
                stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def kill(self) -> None:
        """End everything that was started here with SIGKILL: nothing is written, closed or said."""
        found = [tree for process in self._processes for tree in _tree(process)]
        for step in ("suspend", "kill"):  # all stand still first: no parent starts or tells another one meanwhile
            for one in found:
                with suppress(psutil.NoSuchProcess):  # it ended by itself since it was found
                    getattr(one, step)()
        for process in self._processes:
            process.wait()
        self._processes.clear()


def _tree(process: subprocess.Popen[bytes]) -> list[Any]:
    if process.poll() is not None:
        return []
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


class Network:
    """A few hosts that reach each other and the test; `gateway` is the test's own address among them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 20 + next(_numbers) % 230
        self.apart = os.geteuid() == 0 and bool(shutil.which("ip")) and self._bridge()
        self.gateway = f"10.213.{self.number}.1" if self.apart else "127.0.0.1"
        self.hosts: dict[str, Host] = {}

    def host(self, name: str) -> Host:
        """Return a new host."""
        last = 11 + len(self.hosts)
        if self.apart:
            space, address = f"mt{self.number}-{name}", f"10.213.{self.number}.{last}"
            self._namespace(space, self._cable(last), address)
            made = Host(name, address, ["ip", "netns", "exec", space], self.folder / name)
        else:
            made = Host(name, f"127.0.0.{last}", [], self.folder / name)
        self.hosts[name] = made
        return made

    def unplug(self, name: str) -> None:
        """Pull the host's cable: the others meet silence, not a refusal. Without namespaces there is none to pull."""
        if self.apart:
            _ip("-n", f"mt{self.number}-{name}", "link", "set", "eth0", "down")

    def clear(self) -> None:
        """End all processes and take the hosts away."""
        for number, host in enumerate(self.hosts.values()):
            host.kill()
            if self.apart:
                _ip("link", "del", self._cable(11 + number))  # the namespace itself goes when the kernel finds time
                _ip("netns", "del", f"mt{self.number}-{host.name}")
        if self.apart:
            _ip("link", "del", f"mt{self.number}br")

    def _cable(self, last: int) -> str:
        return f"mt{self.number}v{last}"

    def _bridge(self) -> bool:
        bridge = f"mt{self.number}br"
        if subprocess.run(["ip", "link", "add", bridge, "type", "bridge"], capture_output=True).returncode:
            return False
        _ip("addr", "add", f"10.213.{self.number}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        return True

    def _namespace(self, space: str, cable: str, address: str) -> None:
        _ip("netns", "add", space)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", cable, "master", f"mt{self.number}br", "up")
        _ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")
        _ip("-n", space, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
