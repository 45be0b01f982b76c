"""Providers of log-ins for tests: one from the package index as it is, and one of our own that lies as it is told.

Both are reached over HTTP by the hub, and by a browser's client that follows them as a person would.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "matcher-test", "a secret of the client"


class Forger:
    """A provider with keys of its own. `change(claims)` alters what it says; `sign(header, claims)` how it signs."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.elliptic = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
        self.stranger = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.issuer = ""
        self.metadata: dict[str, Any] = {}
        self.change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.raw: tuple[int, bytes] | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.slow = 0.0

    def signed(self, claims: dict[str, Any], alg: str = "RS256", key: Any = None) -> str:
        """Return a token as it should be."""
        key = key or self.key
        return jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])

    def unsigned(self, claims: dict[str, Any]) -> str:
        """Return a token with `alg: none`."""
        return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."

    def by_public_key(self, claims: dict[str, Any]) -> str:
        """Return a token signed by HMAC with the public key as the secret, the classic confusion."""
        pem = self.key.as_pem(private=False)
        return _hmac({"alg": "HS256", "kid": "one"}, claims, pem)

    def by_client_secret(self, claims: dict[str, Any]) -> str:
        """Return a token signed by HMAC with the client's secret."""
        return _hmac({"alg": "HS256"}, claims, SECRET.encode())

    def claims(self, asked: dict[str, str]) -> dict[str, Any]:
        """Return right claims for a log-in."""
        moment = int(time.time())
        return {"iss": self.issuer, "sub": "alice", "aud": CLIENT, "exp": moment + 300, "iat": moment,
                "nonce": asked["nonce"], "name": "Alice Forger"}  # fmt: skip

    def code_for(self, address: str) -> str:
        """Log somebody in who came to the authorization endpoint; return the code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return code

    def token(self, form: dict[str, str]) -> tuple[int, bytes]:
        """Answer a token request, with PKCE as it has to be."""
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "").encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).decode().rstrip("=")
        if asked is None or asked.get("code_challenge") != challenge or asked["code_challenge_method"] != "S256":
            return 400, b'{"error": "invalid_grant"}'
        if self.raw:
            return self.raw
        token = self.sign(self.change(self.claims(asked)))
        return 200, json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": token}).encode()

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body for a request."""
        self.asked.append(path)
        time.sleep(self.slow)
        if path == "/.well-known/openid-configuration":
            own = {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                   "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks"}  # fmt: skip
            return 200, json.dumps({**own, **self.metadata}).encode()
        if path == "/jwks":
            keys = [key.as_dict(private=False) for key in (self.key, self.elliptic)]
            return 200, json.dumps({"keys": keys}).encode()
        return self.token(form) if path == "/token" else (404, b"")


def _part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def _hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """Return a token by HMAC-SHA256 whatever the secret is: libraries refuse to sign with a public key."""
    text = f"{_part(header)}.{_part(claims)}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@contextmanager
def serve(forger: Forger) -> Iterator[Forger]:
    """Serve a forger on this machine, at an address that is its issuer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            self._send({name: values[0] for name, values in parse_qs(body).items()})

        def _send(self, form: dict[str, str]) -> None:
            status, body = forger.answer(urlsplit(self.path).path, form)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the hub does not wait for ever
                self.wfile.write(body)

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forger.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield forger
    server.shutdown()
    server.server_close()


def way_out(answer: Any) -> str:
    """Return the address at the provider that the hub's page leads to."""
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', answer.get_data(as_text=True))
    assert found, answer.status
    return unescape(found.group(1))


def log_in_at(address: str, subject: str) -> str:
    """Log in at the packaged provider as a person would; return the path that it sends the browser back to."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"
