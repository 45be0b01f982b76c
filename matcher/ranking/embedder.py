"""Embedding across processes: one process holds the model and serves it over a unix socket, the web asks it.

A request is one line of JSON, `{"texts": […], "prompt": "query"}`. The answer is one line of JSON,
`{"model", "fingerprint", "n", "d"}`, and n × d little-endian float32 values; or `{"error": "…"}`. Nothing is pickled.
"""

import contextlib
import json
import logging
import os
import select
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .encoder import Encoder, Prompt, VectorsNotFinite, finite
from .prioritised import Abandoned, Prioritised

MAX_TEXTS = 256
MAX_REQUEST = 2_000_000  # bytes
MAX_HEADER = 4_096  # bytes
MAX_DIMENSIONS = 16_384
SLOW_CLIENT_SECONDS = 10.0
SOCKET_PATH_LIMIT = 100  # bytes; the kernel takes 107

log = logging.getLogger(__name__)


class EmbedderAway(RuntimeError):
    """No vectors within the time: the embedding process is not running, is busy, or broke off."""


class EmbedderRefused(EmbedderAway):
    """The embedding process answered, but with an error instead of vectors."""


class EmbedderTaken(RuntimeError):
    """Another process already serves embeddings at this address."""


def start(encoder: Encoder, path: Path) -> "EmbedderServer":
    """Serve an encoder at a unix socket (mode 0600), in threads of its own, until `stop()` or the end of a `with`.

    A socket left behind by a process that is gone is replaced. Raises EmbedderTaken when someone answers at it.
    """
    shared = encoder if isinstance(encoder, Prioritised) else Prioritised(encoder)
    _remove_stale(path)
    server = EmbedderServer(shared, path)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="embedder", daemon=True).start()
    return server


class EmbedderServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The listening socket; made by `start`."""

    daemon_threads = True
    block_on_close = False  # a client that neither reads nor leaves must not hold up the end
    request_queue_size = 64

    def __init__(self, encoder: Prioritised, path: Path) -> None:
        self.encoder = encoder
        self.path = path
        with _address(path) as address:
            super().__init__(address, _Handler)
        self._inode = path.stat().st_ino

    def server_bind(self) -> None:
        """Bind, and close the door to others before anyone can knock: listening begins after this."""
        super().server_bind()
        Path(self.server_address).chmod(0o600)

    def stop(self) -> None:
        """Stop answering and take the socket away, unless another process has put its own there since."""
        self.shutdown()
        self.server_close()
        with contextlib.suppress(FileNotFoundError):
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(socketserver.StreamRequestHandler):
    """One request on one connection."""

    timeout = SLOW_CLIENT_SECONDS
    server: EmbedderServer

    def handle(self) -> None:
        # A client that leaves in the middle is its own affair.
        with contextlib.suppress(OSError, Abandoned):
            header, vectors = self._answer()
            self.wfile.write(json.dumps(header).encode() + b"\n" + vectors)

    def _answer(self) -> tuple[dict[str, Any], bytes]:
        encoder = self.server.encoder
        try:
            texts, prompt = _parse(self.rfile.readline(MAX_REQUEST + 1))
            vectors = encoder.encode(texts, prompt, self._is_wanted)
        except (ValueError, VectorsNotFinite) as error:
            return {"error": str(error)}, b""
        except (RuntimeError, MemoryError):  # torch says everything with RuntimeError
            log.exception("the model failed on %d texts", len(texts))
            return {"error": "the model failed; the log of the embedding process says why"}, b""
        about = {"model": encoder.name, "fingerprint": encoder.fingerprint}
        return about | {"n": len(vectors), "d": encoder.dimensions}, vectors.astype("<f4", copy=False).tobytes()

    def _is_wanted(self) -> bool:
        """Whether the client still listens: one that gave up has closed its end, which then reads as empty."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))


def _parse(line: bytes) -> tuple[list[str], Prompt]:
    """Read a request; raises ValueError with what is wrong in it."""
    if len(line) > MAX_REQUEST:
        raise ValueError(f"a request holds at most {MAX_REQUEST} bytes")
    try:
        request = json.loads(line)
    except ValueError as error:
        raise ValueError("a request is one line of JSON") from error
    texts = request.get("texts") if isinstance(request, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts must be a list of strings")
    if len(texts) > MAX_TEXTS:
        raise ValueError(f"a request holds at most {MAX_TEXTS} texts")
    if request.get("prompt") not in ("query", "passage"):
        raise ValueError("prompt must be query or passage")
    return texts, request["prompt"]


class EmbedderClient:
    """An Encoder whose model lives in another process. Every call ends within `timeout` seconds."""

    def __init__(self, path: Path, timeout: float = 2.0) -> None:
        self._path = path
        self._timeout = timeout
        self._about: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """See Encoder.name; asked for once. Raises EmbedderAway."""
        return self._known("model")

    @property
    def fingerprint(self) -> str:
        """See Encoder.fingerprint; asked for once, and renewed by every encode. Raises EmbedderAway."""
        return self._known("fingerprint")

    @property
    def dimensions(self) -> int:
        """See Encoder.dimensions; asked for once. Raises EmbedderAway."""
        return self._known("d")

    def encode(self, texts: Sequence[str], prompt: Prompt) -> np.ndarray:
        """See Encoder.encode. Raises EmbedderAway without an answer in time, EmbedderRefused when it is an error."""
        deadline = time.monotonic() + self._timeout
        parts = [
            self._ask(texts[start : start + MAX_TEXTS], prompt, deadline)
            for start in range(0, max(len(texts), 1), MAX_TEXTS)
        ]
        return finite(np.concatenate(parts), self.name)

    def is_there(self) -> bool:
        """Whether the process answers at all. Asked is something that it refuses at once, however long the model takes.

        That somebody takes the connection says nothing: the kernel does so for a process that stands still, too.
        """
        deadline = time.monotonic() + self._timeout
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                return "error" in _exchange(connection, self._path, "{}", deadline)[0]
            except (OSError, ValueError):
                return False

    def _known(self, key: str) -> Any:
        if not self._about:
            self._ask([], "query", time.monotonic() + self._timeout)
        return self._about[key]

    def _ask(self, texts: Sequence[str], prompt: Prompt, deadline: float) -> np.ndarray:
        request = json.dumps({"texts": list(texts), "prompt": prompt}, ensure_ascii=False)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                header, start_of_body = _exchange(connection, self._path, request, deadline)
                if "error" in header:
                    raise EmbedderRefused(f"The embedding process refused: {header['error']}.")
                size = _body_size(header, len(texts))
                body = _receive(connection, start_of_body, lambda data: len(data) >= size, deadline)
            except (OSError, ValueError) as error:
                raise EmbedderAway(f"The embedding process at {self._path} does not answer: {error}.") from error
        self._about = header
        return np.frombuffer(body, "<f4").reshape(header["n"], header["d"]).astype(np.float32)


def _exchange(connection: socket.socket, path: Path, request: str, deadline: float) -> tuple[dict[str, Any], bytes]:
    """Send the request and receive the header line and what came with it of the body."""
    connection.settimeout(_left(deadline))
    with _address(path) as address:
        connection.connect(address)
    with contextlib.suppress(BrokenPipeError):  # refused before it was read to the end: the answer says why
        connection.sendall(request.encode("utf-8", "replace") + b"\n")
    data = _receive(connection, b"", lambda data: b"\n" in data or len(data) > MAX_HEADER, deadline)
    line, _, body = data.partition(b"\n")
    header = json.loads(line)
    if not isinstance(header, dict):
        raise ValueError("the answer has no header")
    return header, body


def _body_size(header: dict[str, Any], texts: int) -> int:
    n, d = header.get("n"), header.get("d")
    if n != texts or not isinstance(d, int) or not 0 < d <= MAX_DIMENSIONS:
        raise ValueError("the answer is of another shape than the question")
    return 4 * n * d


def _receive(connection: socket.socket, data: bytes, is_enough: Callable[[bytes], bool], deadline: float) -> bytes:
    while not is_enough(data):
        connection.settimeout(_left(deadline))
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionError("it broke off in the middle of the answer")
        data += more
    return data


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is out")
    return left


def _remove_stale(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, _address(path) as address:
        probe.settimeout(1)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        else:
            raise EmbedderTaken(f"Another process already serves embeddings at {path}. Stop it first.")


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give an address for a socket path of any length: a long one goes by its folder's descriptor (Linux)."""
    if len(os.fsencode(path)) < SOCKET_PATH_LIMIT:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
