"""Why there is no connection to a server, in words for whoever runs the hub: pure functions over what libpq says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_FRAME = re.compile(r'(connection failed: )|(connection to server [^\n]*? failed: )|(FATAL: +)|("[^"]*" failed: )')
_SPOKE = re.compile(r"FATAL|sendauth|SSL|server is|server does|text as")  # words of a server that does answer
_EACH = re.compile(r"^- host: '(?P<host>[^']*)', port: '?(?P<port>\d*)[^:]*: '[^']*': (?P<said>[^\n]*)", re.MULTILINE)


def why(seconds: float, address: Mapping[str, Any], said: str, most: int) -> str:
    """Return why nobody was lent a connection for some seconds; `said` is libpq's word of the last attempt, or ""."""
    where = places(address)
    if not said:
        return (
            f"no connection within {seconds:g} s: PostgreSQL does not answer at {where}, "
            f"or all {most} connections of this process are in use"
        )
    if _SPOKE.search(said):
        return f"PostgreSQL at {where} cannot be used: {plain(said)}"
    return f"no connection within {seconds:g} s: PostgreSQL does not answer at {where}: {plain(said)}"


def plain(said: str) -> str:
    """Return libpq's words on one line, without their frame; of several servers each with its own."""
    each = [f"{one['host']}:{one['port']} {_bare(one['said'])}" for one in _EACH.finditer(said)]
    return "; ".join(each) or _bare(said)


def _bare(said: str) -> str:
    return _FRAME.sub("", said.strip().partition("\n")[0]).strip()


def places(address: Mapping[str, Any]) -> str:
    """Return the servers of an address as `host:port`."""
    hosts = str(address.get("host") or address.get("hostaddr") or "localhost").split(",")
    ports = str(address.get("port") or 5432).split(",")
    return ", ".join(f"{host}:{ports[min(number, len(ports) - 1)]}" for number, host in enumerate(hosts))


def is_readable(address: Mapping[str, Any]) -> bool:
    """Whether the parts of an address can be what they stand for; an `@` or `/` in a password shifts them."""
    ports = str(address.get("port") or "").split(",")
    return all(port.isdecimal() or not port for port in ports) and "@" not in str(address.get("host") or "")
