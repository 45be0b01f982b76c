"""The pages and the JSON interface over HTTP, under load, each against another server in the same run.

Under each pair of rates stands the processor time of a request, of all the server's processes: of a machine that does
other things too, that is the steadier figure.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from . import served
from .material import Apart, rows
from .served import ROUNDS, Asked, Server
from .timing import Latency, Rate

WARMING = 10


def run(encoder: Apart) -> Iterator[Rate | Latency]:
    """Measure one row as JSON, the catalogue, search and the ranked list; `encoder` is not asked."""
    folder = served.copy(served.demo())
    port, other = served.free_port(), served.free_port()
    env = served.environment(folder, port)
    servers: list[Server] = []
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            worker = served.matcher(env, "work")
            servers += [
                served.gunicorn("wsgi:app", env, port, "/readyz"),
                served.gunicorn("tests.bench.bare:app", env, other),
            ]
            yield from _json(servers, folder, Path(place))
            yield from _rates("the catalogue, against a bare Flask page: requests a second", "≥ 0.5",
                              servers[0], "/needs", servers[1], "/")  # fmt: skip
            yield from _latencies(servers[0])
    finally:
        for server in servers:
            server.stop()
        served.end(worker)


def _json(servers: list[Server], folder: Path, place: Path) -> Iterator[Rate]:
    """One need of the open interface against the row of the same need by Datasette, both with two processes."""
    store = served.of(folder)
    need = store.query("select id from need where published_at is not null and closed_at is null order by id limit 1")
    store.save_to(place / "hub.db")
    store.close()
    port = served.free_port()
    command = [str(served.DATASETTE), "-m", "uvicorn", "--workers", "2", "--port", str(port), "--log-level", "error"]
    command += ["--app-dir", str(Path(__file__).parent), "datasette_app:app"]
    other = Server(command, {"BENCH_FILE": str(place / "hub.db")}, port)
    servers.append(other)
    name = need[0]["id"]
    yield from _rates("one row as JSON, 2 workers, against Datasette’s row JSON with 2: requests a second", "≥ 2",
                      servers[0], f"/api/v1/needs/{name}", other, f"/hub/need/{name}.json")  # fmt: skip
    servers.remove(other)
    other.stop()


def _rates(name: str, goal: str, ours: Server, path: str, theirs: Server, other: str) -> Iterator[Rate]:
    """Ask two servers in turn; raise RuntimeError where an answer fails."""
    for server, one in ((ours, path), (theirs, other)):
        _warm(server, [one])
    pairs = [(_timed(ours, path), _timed(theirs, other)) for _ in range(ROUNDS)]
    errors = sum(asked.errors for pair in pairs for asked, _ in pair)
    if errors:
        raise RuntimeError(f"{name}: {errors} requests failed")

    def middle(of: Callable[[tuple[Asked, float]], float], unit: str, named: str, aim: str, more: bool) -> Rate:
        one, two = ([of(pair[side]) for pair in pairs] for side in (0, 1))
        ratios = [a / b if more else b / a for a, b in zip(one, two, strict=True)]
        return Rate(named, aim, statistics.median(ratios), statistics.median(one), statistics.median(two), unit)

    yield middle(lambda found: found[0].rate, "/s", name, goal, True)
    yield middle(lambda found: 1000 * found[1], "ms", "the same by processor time, theirs against ours", goal, False)


def _warm(server: Server, paths: list[str], cookie: str = "") -> None:
    """Ask until answers come as fast as the time before: a new process reads the hub beside its first requests."""
    last = 0.0
    for _ in range(WARMING):
        rate = served.ask(server.address, paths, cookie=cookie, seconds=2).rate
        if rate and rate < 1.2 * last:
            return
        last = rate


def _timed(server: Server, path: str) -> tuple[Asked, float]:
    before = server.seconds()
    asked = served.ask(server.address, [path])
    return asked, (server.seconds() - before) / (asked.rate * max(1, round(served.SECONDS)))


def _latencies(hub: Server) -> Iterator[Latency]:
    """Search by visitors and ranked lists of brokers, no question twice in a row."""
    titles = [row["title"] for row in rows("needs")]
    cookie = served.broker(hub.address)
    ids = served.broker_needs(hub.address, cookie)
    asked = (
        ("the catalogue", ["/needs"], ""),
        ("search by a visitor, another question each time", [f"/search?{urlencode({'q': text})}" for text in titles],
         ""),
        ("the ranked list of a need, as the broker", [f"/desk/needs/{name}" for name in ids], cookie),
    )  # fmt: skip
    for name, paths, cookies in asked:
        _warm(hub, paths, cookies)
        found = [served.ask(hub.address, paths, cookie=cookies) for _ in range(ROUNDS)]
        yield Latency(f"{name}: {served.CONNECTIONS} connections", "0 errors",
                      *(statistics.median(getattr(one, part) for one in found) for part in ("rate", "p50", "p95")),
                      sum(one.errors for one in found))  # fmt: skip
