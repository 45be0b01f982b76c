"""The whole hub on hosts of its own: three for the pages, one for the work, a primary and its synchronous standby."""

from __future__ import annotations

import secrets
from pathlib import Path

from .network import Network
from .servers import Postgres, environment, serve, until, work
from .visitors import Entrance, Lost, Visitor

STANDBY = "standby"


class Hub:
    """All hosts of the hub, running."""

    def __init__(self, net: Network, models: Path) -> None:
        self.net = net
        self.primary, self.standby = (Postgres(self.net.host(name)) for name in ("primary", STANDBY))
        self.webs = [self.net.host(f"web{number}") for number in (1, 2, 3)]
        self.worker = self.net.host("worker")
        self.models = models
        hosts = f"{self.primary.host.address}:5432,{self.standby.host.address}:5432"
        self.url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"

    def start_databases(self) -> None:
        self.primary.init()
        self.primary.start(f"synchronous_standby_names={STANDBY}")
        self.standby.copy_of(self.primary)
        self.standby.start()
        until(
            lambda: self.primary.ask("select sync_state from pg_stat_replication") == "sync", "the standby is in step"
        )

    def start_hosts(self, smtp: str) -> None:
        secret = secrets.token_urlsafe(48)
        for web in self.webs:
            serve(web, environment(web, self.url, secret))
        (self.worker.folder / "instance").mkdir()
        (self.worker.folder / "instance" / "models").symlink_to(self.models)
        work(self.worker, environment(self.worker, self.url, secret, MATCHER_SMTP=smtp))
        visitor = Visitor(Entrance([web.address for web in self.webs]))
        for web in self.webs:
            until(lambda at=web.address: _answers(visitor, at), f"{web.name} answers")


def _answers(visitor: Visitor, at: str) -> bool:
    try:
        return visitor.get("/readyz", at).status == 200
    except Lost:
        return False
