"""`requirements.lock` pins what `requirements*.txt` asks for, each with its sums; `make lock` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf8")
PINNED = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE)}
ASKED = [
    Requirement(line)
    for name in ("requirements.txt", "requirements-postgres.txt")
    for line in (ROOT / name).read_text(encoding="utf8").splitlines()
    if line and line[0] not in "#-" and not line.startswith("torch")  # its build for processors has other sums
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_what_is_asked_for_is_pinned_within_its_bounds(asked: Requirement) -> None:
    assert asked.specifier.contains(PINNED[canonicalize_name(asked.name)]), "run `make lock`"


def test_each_has_its_sums_and_nothing_for_graphics_cards_is_drawn() -> None:
    entries = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINNED) > 60
    assert [entry.split()[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert not [name for name in PINNED if re.match(r"torch$|triton|nvidia|cuda", name)]
