"""What the source must not hold: calls that run text as code, output past the escaping, secrets."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "matcher").rglob("*.py"))
TEMPLATES = sorted((ROOT / "matcher" / "templates").rglob("*.*"))
SCRIPTS = sorted((ROOT / "matcher" / "static" / "js").glob("*.js"))

# The last part of a call's name, or all of it where the last part is a common word.
RUNS_TEXT = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput",
             "render_template_string", "from_string", "yaml.load", "torch.load", "importlib.import_module"}  # fmt: skip
# `re.compile` is no such thing; templates of agreements are filled in a sandbox (`SandboxedEnvironment`).
FINE = {"re.compile"}
SAFE_KEYWORDS = {"shell": False, "trust_remote_code": False, "allow_pickle": False}

# The machine's own time has a zone of its own, and no test can set it.
CLOCKS = {"date.today", "datetime.today", "datetime.now", "datetime.utcnow", "date.fromtimestamp",
          "datetime.fromtimestamp", "datetime.utcfromtimestamp", "time.localtime", "time.gmtime"}  # fmt: skip
# The store knows nothing of the hub; its migrations note when they were applied.
MAY_READ_CLOCKS = {"hub/clock.py": ["datetime.now(UTC)"], "store/schema.py": ["datetime.now(UTC)"]}

SECRETS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a key of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[opsur]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})"),
    "a token of GitLab": re.compile(r"\bglpat-[0-9A-Za-z_-]{20}"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    "a key of Google": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a token of PyPI": re.compile(r"\bpypi-[0-9A-Za-z_-]{40,}"),
    "a JSON Web Token": re.compile(r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}"),
    "a password in an address": re.compile(r"\b(?:postgresql|smtps?|https?)://[^\s:/@'\"]+:(?P<word>[^\s:/@'\"{}]+)@"),
    "a secret of this service": re.compile(r"MATCHER_SECRET_KEY\s*[=:]\s*[\"']?(?P<word>[0-9A-Za-z_+/-]{32,})"),
}
# What stands for a password in examples and tests.
EXAMPLES = {"password", "secret", "hemligt", "PASSWORD", "pw", "p", "x"}


def _calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def running_text(source: str) -> list[str]:
    """Return the calls of a source that may run text as code."""
    found = []
    for name, call in _calls(source):
        if name not in FINE and RUNS_TEXT & {name, name.rpartition(".")[2]}:
            found.append(f"{name} in line {call.lineno}")
        for keyword in call.keywords:
            if keyword.arg in SAFE_KEYWORDS and ast.unparse(keyword.value) != str(SAFE_KEYWORDS[keyword.arg]):
                found.append(f"{name}({keyword.arg}=…) in line {call.lineno}")
    return found


def unescaped(source: str) -> list[str]:
    """Return the calls of a source that take text other than a constant for finished HTML."""
    return [
        f"line {call.lineno}"
        for name, call in _calls(source)
        if name.rpartition(".")[2] == "Markup" and not all(isinstance(given, ast.Constant) for given in call.args)
    ]


def secrets_in(text: str) -> list[str]:
    """Return the kinds of secrets that a text seems to hold."""
    return [
        kind
        for kind, pattern in SECRETS.items()
        for found in pattern.finditer(text)
        if found.groupdict().get("word") not in EXAMPLES
    ]


def clocks_read(source: str) -> list[str]:
    """Return the calls of a source that ask the machine for the day or the moment, but for counting seconds."""
    return [
        ast.unparse(call)
        for name, call in _calls(source)
        if CLOCKS & {".".join(name.split(".")[-2:])} and not (name.endswith(".fromtimestamp") and len(call.args) > 1)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_run_as_code_and_none_is_taken_for_html(path: Path) -> None:
    source = path.read_text(encoding="utf8")
    assert running_text(source) == []
    assert unescaped(source) == []


def test_one_clock_says_what_day_it_is() -> None:
    found = {
        str(path.relative_to(ROOT / "matcher")): read
        for path in SOURCES
        if (read := clocks_read(path.read_text(encoding="utf8")))
    }
    assert found == MAY_READ_CLOCKS
    bad = (
        "date.today()",
        "datetime.date.today()",
        "datetime.now(UTC)",
        "datetime.fromtimestamp(1)",
        "time.localtime()",
    )
    assert [clocks_read(line) == [] for line in bad] == [False] * len(bad)
    assert not clocks_read("datetime.fromtimestamp(stat.st_mtime, UTC) - clock.now()")


# By link it is the link that decides; an import whose broker is gone is finished by the hub itself.
MAY_OPEN_BLOCKS = {
    "exchange/imports.py": ["_kept", "_one", "_rolled_back"],
    "hub/links.py": ["use"],
    "hub/outcome_links.py": ["answer"],
}


def blocks_without_their_person(source: str) -> list[str]:
    """Return the functions that are given who acts and open a block of the store's own: the person may be gone."""
    return sorted(
        {
            function.name
            for function in ast.walk(ast.parse(source))
            if isinstance(function, ast.FunctionDef)
            and any("Viewer" in ast.unparse(given.annotation) for given in _given(function) if given.annotation)
            and any(name == "store.atomic" for name, _ in _calls(ast.unparse(function)))
        }
    )


def _given(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.args, *function.args.kwonlyargs]


def test_who_decides_is_held_until_it_is_kept() -> None:
    found = {
        str(path.relative_to(ROOT / "matcher")): names
        for path in SOURCES
        if (names := blocks_without_their_person(path.read_text(encoding="utf8")))
    }
    assert found == MAY_OPEN_BLOCKS
    assert blocks_without_their_person("def f(store, viewer: Viewer | None):\n with store.atomic(): pass") == ["f"]
    assert not blocks_without_their_person("def f(store, viewer: Viewer):\n with viewer.deciding(store): pass")


def test_the_reader_of_calls_finds_what_it_looks_for() -> None:
    bad = ("eval('1')", "os.system('ls')", "subprocess.run('ls', shell=True)", "flask.render_template_string(x)",
           "np.load(f, allow_pickle=True)", "Environment().from_string(x)")  # fmt: skip
    assert [running_text(line) == [] for line in bad] == [False] * len(bad)
    assert unescaped("Markup(f'<b>{x}</b>')")
    assert not unescaped("Markup('<b>{}</b>').format(x)")


def test_no_template_passes_the_escaping_by() -> None:
    for path in TEMPLATES:
        text = re.sub(r"\"[^\"]*\"\s*\|\s*safe\b", "", path.read_text(encoding="utf8"))  # a constant is its own author
        assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup", text), path.name
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=\s*[\"']|\sstyle\s*=", text), path.name


def test_no_script_makes_html_or_code_of_text_and_none_keeps_what_anybody_wrote() -> None:
    assert SCRIPTS
    for path in SCRIPTS:
        text = path.read_text(encoding="utf8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|postMessage|[\"']paste", text
        ), path.name
        kept = set(re.findall(r"(?:local|session)Storage\.setItem\((\"[^\"]+\")", text))
        assert kept <= {'"matcher-color-scheme"', '"matcher-focus"'}, path.name
        assert text.count("Storage.setItem(") == len(re.findall(r"Storage\.setItem\(\"", text)), path.name
        assert "indexedDB" not in text, path.name


def test_no_tracked_file_holds_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name for name in listed.decode().split("\0") if name]
    assert len(paths) > 500
    found = [
        (str(path.relative_to(ROOT)), secret)
        for path in paths
        if path.is_file() and path.suffix not in (".png", ".docx", ".mo") and "vendor" not in path.parts
        for secret in secrets_in(path.read_bytes().decode("utf8", "replace"))
    ]
    assert found == []


def test_the_patterns_find_secrets() -> None:
    made = ("-----BEGIN RSA PRIVATE " + "KEY-----", "AKIA" + "A" * 16, "ghp_" + "a" * 36, "glpat-" + "a" * 20,
            "xoxb-" + "1" * 12, "AIza" + "b" * 35, "pypi-" + "c" * 50, ".".join(["eyJ" + "a" * 12] * 2 + ["b" * 12]),
            "postgresql://kim:" + "Tr0ub4dor@db/x", "MATCHER_SECRET_KEY=" + "k" * 40)  # fmt: skip
    assert [len(secrets_in(text)) for text in made] == [1] * len(made)
