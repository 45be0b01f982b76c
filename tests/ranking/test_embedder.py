import json
import os
import socket
import stat
import threading

import numpy as np
import pytest

from matcher.ranking import embedder
from matcher.ranking.embedder import EmbedderAway, EmbedderClient, EmbedderRefused, EmbedderTaken, Prioritised
from matcher.ranking.encoder import TinyEncoder, VectorsNotFinite

PATIENCE = 10  # seconds until a test that hangs fails; nothing waits for them to pass


class HeldEncoder(TinyEncoder):
    """A slow encoder: each call waits until the test lets it go on, and is noted."""

    def __init__(self):
        super().__init__(8)
        self.calls, self.started, self.go_on = [], threading.Semaphore(0), threading.Semaphore(0)

    def encode(self, texts, prompt):
        self.calls.append(list(texts))
        self.started.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        return super().encode(texts, prompt)


class BrokenEncoder(TinyEncoder):
    """Gives what the test tells it to, or raises it."""

    def __init__(self, result):
        super().__init__(4)
        self.result = result

    def encode(self, texts, prompt):
        if isinstance(self.result, Exception):
            raise self.result
        return np.full((len(texts), 4), self.result, np.float32)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "embedder.sock"


@pytest.fixture
def server(path):
    with embedder.start(TinyEncoder(), path) as running:
        yield running


@pytest.fixture
def client(server):
    return EmbedderClient(server.path)


def ask(path, line):
    """Send raw bytes, and return the answer's header."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        connection.sendall(line)
        return json.loads(connection.makefile("rb").readline())


def in_background(function):
    """Run a function in a thread; returns the thread and the list that its result lands in."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    return thread, results


def test_the_client_gives_the_vectors_of_the_encoder_behind_the_socket(client):
    texts = ["snö på vägen", "skolmat", "åäö “citat”\nny rad"]
    assert np.array_equal(client.encode(texts, "query"), TinyEncoder().encode(texts, "query"))


def test_the_client_is_named_like_the_encoder(client):
    assert (client.name, client.fingerprint, client.dimensions) == ("tiny", "tiny-1", 32)


def test_no_texts_give_no_vectors(client):
    assert client.encode([], "query").shape == (0, 32)


def test_more_texts_than_a_request_holds_go_in_several(client):
    assert client.encode(["snö"] * (embedder.MAX_TEXTS + 1), "query").shape == (embedder.MAX_TEXTS + 1, 32)


def test_the_client_sees_that_another_model_answers_now(path):
    client = EmbedderClient(path)
    with embedder.start(TinyEncoder(8), path):
        assert client.dimensions == 8
    with embedder.start(TinyEncoder(16), path):
        client.encode(["snö"], "query")
        assert client.dimensions == 16


def test_only_the_owner_may_knock(server):
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600


def test_stopping_takes_the_socket_away_and_the_client_says_so(path):
    client = EmbedderClient(path)
    with embedder.start(TinyEncoder(), path):
        client.encode(["snö"], "query")
    assert not path.exists()
    with pytest.raises(EmbedderAway):
        client.encode(["snö"], "query")


def test_a_name_cannot_be_had_from_nobody(path):
    with pytest.raises(EmbedderAway):
        _ = EmbedderClient(path).name


def test_a_socket_left_behind_is_replaced(path):
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    with embedder.start(TinyEncoder(), path):
        assert EmbedderClient(path).name == "tiny"


def test_a_socket_in_use_is_not_taken_over(server, client):
    with pytest.raises(EmbedderTaken):
        embedder.start(TinyEncoder(), server.path)
    assert client.name == "tiny"


def test_stopping_leaves_the_socket_of_a_successor(path):
    first = embedder.start(TinyEncoder(8), path)
    path.unlink()
    with embedder.start(TinyEncoder(16), path):
        first.stop()
        assert EmbedderClient(path).dimensions == 16


def test_a_path_longer_than_the_kernel_takes(tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with embedder.start(TinyEncoder(), folder / "embedder.sock"):
        assert EmbedderClient(folder / "embedder.sock").name == "tiny"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"hello\n", "one line of JSON"),
        (b"\xff\xfe\n", "one line of JSON"),
        (b"[]\n", "list of strings"),
        (b'{"texts": "snow", "prompt": "query"}\n', "list of strings"),
        (b'{"texts": [1], "prompt": "query"}\n', "list of strings"),
        (b'{"texts": ["snow"]}\n', "prompt must be"),
        (json.dumps({"texts": ["x"] * 257, "prompt": "query"}).encode() + b"\n", "at most 256 texts"),
    ],
)
def test_a_bad_request_is_refused_with_its_reason(server, line, reason):
    assert reason in ask(server.path, line)["error"]


def test_a_request_that_is_too_large_is_refused_before_it_is_read_to_the_end(client):
    with pytest.raises(EmbedderRefused, match="2000000 bytes"):
        client.encode(["x" * 3_000_000], "query")


def test_the_server_goes_on_after_a_client_that_left_in_the_middle(server, client):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server.path))
        connection.sendall(b'{"texts": [')
    assert client.name == "tiny"


@pytest.mark.parametrize("result", [np.nan, np.inf])
def test_vectors_that_are_not_finite_do_not_leave_the_process(path, result):
    with embedder.start(BrokenEncoder(result), path), pytest.raises(EmbedderRefused, match="NaN or infinity"):
        EmbedderClient(path).encode(["snö"], "query")


def test_indexing_refuses_vectors_that_are_not_finite():
    with pytest.raises(VectorsNotFinite):
        Prioritised(BrokenEncoder(np.nan)).bulk().encode(["snö"], "passage")


def test_a_model_that_fails_does_not_end_the_server(path):
    with embedder.start(BrokenEncoder(RuntimeError("out of memory")), path):
        client = EmbedderClient(path)
        for _ in range(2):
            with pytest.raises(EmbedderRefused, match="log of the embedding process"):
                client.encode(["snö"], "query")


def test_a_slow_model_does_not_hold_the_client_longer_than_its_timeout(path):
    slow = HeldEncoder()
    with embedder.start(slow, path):
        with pytest.raises(EmbedderAway, match="does not answer"):
            EmbedderClient(path, timeout=0.05).encode(["snö"], "query")
        slow.go_on.release()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"nonsense\n",
        b"[]\n",
        b"x" * 10_000,
        b'{"model": "m", "fingerprint": "f", "n": 1, "d": 4}\nshort',
        b'{"model": "m", "fingerprint": "f", "n": 2, "d": 4}\n' + bytes(32),
        b'{"model": "m", "fingerprint": "f", "n": 1, "d": 999999999}\n',
        b'{"model": "m", "fingerprint": "f", "n": 1, "d": -4}\n',
    ],
)
def test_an_answer_that_is_no_answer_is_named(path, answer):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def reply():
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        thread, _ = in_background(reply)
        with pytest.raises(EmbedderAway):
            EmbedderClient(path).encode(["snö"], "query")
        thread.join(PATIENCE)


def test_bulk_gives_way_to_an_interactive_request_between_its_batches():
    slow = HeldEncoder()
    shared = Prioritised(slow)
    long_text = "x" * 5000
    bulk, _ = in_background(lambda: shared.bulk().encode([long_text] * 6, "passage"))
    assert slow.started.acquire(timeout=PATIENCE)  # bulk has its first batch
    urgent, found = in_background(lambda: shared.encode(["snö"], "query"))
    with shared._changed:
        assert shared._changed.wait_for(lambda: shared._urgent == 1 or bool(found), timeout=PATIENCE)
    for _ in range(2):
        slow.go_on.release()
    urgent.join(PATIENCE)
    assert found[0].shape == (1, 8)
    assert slow.calls[1] == ["snö"]
    for _ in range(6):
        slow.go_on.release()
    bulk.join(PATIENCE)
    assert sum(map(len, slow.calls)) == 7


def test_one_batch_runs_at_a_time():
    slow = HeldEncoder()
    shared = Prioritised(slow)
    threads = [in_background(lambda: shared.encode(["snö"], "query"))[0] for _ in range(3)]
    assert slow.started.acquire(timeout=PATIENCE)
    assert len(slow.calls) == 1
    for _ in range(3):
        slow.go_on.release()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(slow.calls) == 3


def test_what_nobody_waits_for_is_not_embedded():
    tiny = HeldEncoder()
    with pytest.raises(embedder.Abandoned):
        Prioritised(tiny).encode(["snö"], "query", wanted=lambda: False)
    assert tiny.calls == []


def test_bulk_goes_on_after_an_encoder_that_failed():
    shared = Prioritised(BrokenEncoder(RuntimeError("once")))
    with pytest.raises(RuntimeError, match="once"):
        shared.encode(["snö"], "query")
    shared._encoder = TinyEncoder(4)
    assert shared.bulk().encode(["snö"], "passage").shape == (1, 4)


def test_both_sides_of_a_shared_encoder_carry_its_name():
    shared = Prioritised(TinyEncoder(4))
    for side in (shared, shared.bulk()):
        assert (side.name, side.fingerprint, side.dimensions) == ("tiny", "tiny-1", 4)


def test_many_clients_at_once_each_get_their_own(server):
    texts = [f"text nummer {i}" for i in range(24)]
    expected = TinyEncoder().encode(texts, "query")
    runs = [in_background(lambda text=text: EmbedderClient(server.path, 10).encode([text], "query")) for text in texts]
    for thread, _ in runs:
        thread.join(PATIENCE)
    assert all(np.array_equal(found[0][0], vector) for (_, found), vector in zip(runs, expected, strict=True))


def test_the_server_leaves_no_open_files_behind(path):
    before = len(os.listdir("/proc/self/fd"))
    with embedder.start(TinyEncoder(), path):
        for _ in range(20):
            EmbedderClient(path).encode(["snö"], "query")
    assert len(os.listdir("/proc/self/fd")) <= before + 1
