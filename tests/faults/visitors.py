"""People at a hub of several hosts: real HTTP, one session that goes on at whichever host answers."""

from __future__ import annotations

import http.client
import itertools
import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from .servers import BASE_URL

TIMEOUT = 40  # seconds for one answer
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Lost(Exception):
    """No answer came: `refused` when nothing listened, else the request had been sent."""

    def __init__(self, address: str, refused: bool, why: str) -> None:
        super().__init__(f"{address}: {why}")
        self.address, self.refused = address, refused


@dataclass(frozen=True)
class Answer:
    """What a host said."""

    status: int
    location: str
    text: str
    address: str


@dataclass
class Entrance:
    """What stands before the hosts: hands requests to each in turn, and leaves out one that no longer listens."""

    addresses: list[str]
    requests: list[tuple[float, float, str, str]] = field(default_factory=list)  # begun, ended, address, what came
    _turn: itertools.count = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str:
        with self._lock:
            return self.addresses[next(self._turn) % len(self.addresses)]

    def leave_out(self, address: str) -> None:
        with self._lock:
            if address in self.addresses and len(self.addresses) > 1:
                self.addresses.remove(address)

    def note(self, began: float, address: str, what: str) -> None:
        self.requests.append((began, time.monotonic(), address, what))


class Visitor:
    """One browser: its cookies and the token of its forms."""

    def __init__(self, entrance: Entrance, origin: str = "") -> None:
        """Come in by an entrance; origin: the address of the visitor's own machine, if it matters."""
        self.entrance, self.token, self.origin = entrance, "", origin
        self.cookies: SimpleCookie = SimpleCookie()

    def log_in(self, email: str, password: str) -> Answer:
        self.get("/login")
        answer = self.post("/login", {"email": email, "password": password})
        if answer.status == 303:
            self.get("/account")
        return answer

    def get(self, path: str, at: str = "") -> Answer:
        answer = self._ask("GET", path, b"", {}, at)
        if found := _TOKEN.search(answer.text):
            self.token = found[1]
        return answer

    def post(self, path: str, form: Mapping[str, str | list[str]], at: str = "") -> Answer:
        body = urlencode({**form, "csrf_token": self.token}, doseq=True).encode()
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}, at)

    def upload(self, path: str, form: dict[str, str], name: str, data: bytes, at: str = "") -> Answer:
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in {**form, "csrf_token": self.token}.items()
        ]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = b"".join([*parts, head.encode(), data, f"\r\n--{edge}--\r\n".encode()])
        return self._ask("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={edge}"}, at)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str], at: str) -> Answer:
        address, began = at or self.entrance.next(), time.monotonic()
        connection = http.client.HTTPConnection(address, 8000, TIMEOUT, (self.origin, 0) if self.origin else None)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise self._lost(began, address, True, error) from error
            try:
                sent = {"Host": BASE_URL.rpartition("/")[2], "Connection": "close", "Cookie": self._cookie(), **headers}
                connection.request(method, path, body or None, sent)
                response = connection.getresponse()
                text = response.read().decode()
            except (OSError, http.client.HTTPException) as error:
                raise self._lost(began, address, False, error) from error
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or []:
            self.cookies.load(line)
        self.entrance.note(began, address, str(response.status))
        return Answer(response.status, response.headers.get("Location", ""), text, address)

    def _lost(self, began: float, address: str, refused: bool, error: Exception) -> Lost:
        self.entrance.leave_out(address)
        self.entrance.note(began, address, "refused" if refused else "lost")
        return Lost(address, refused, repr(error))

    def _cookie(self) -> str:
        return "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
