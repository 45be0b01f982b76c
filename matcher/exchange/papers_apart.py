"""Reads, fills and prints agreements in a process of its own, which can be killed (`agreement_papers` does the work).

A template comes from people: it may unpack to a hundred times its size, and what stands in its braces is a small
language, in which a loop within a loop never ends. `python -m matcher.exchange.papers_apart` reads a line of JSON that
says what to do and then the file from stdin, and writes a line of JSON and then what it made to stdout. The process
gets little memory and little time, and nothing of the hub's settings.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from . import agreement_papers as papers
from .agreement_papers import BrokenTemplate, NoPdf

SECONDS = 20
MOST_MEMORY = 256_000_000
# Pango, its fonts and what they are drawn with take 200 MB of addresses before the first word, and use few of them.
PDF_MEMORY = 640_000_000
MOST_MADE = 50_000_000  # bytes


def check(content: bytes) -> list[str]:
    """Return the fields that a template uses, in their own order; raise BrokenTemplate for one that cannot be used."""
    return _apart("check", content)[0]["fields"]


def fill(content: bytes, values: Mapping[str, str]) -> bytes:
    """Return the DOCX with every field filled; raise BrokenTemplate when the template cannot be filled."""
    if content in (papers.shipped("sv"), papers.shipped("en")):
        return papers.fill(content, values)  # our own: nothing in it runs away
    return _apart("fill", content, values=dict(values))[1]


def pdf(content: bytes, title: str, language: str) -> bytes:
    """Return a DOCX as PDF/UA-1 with tags, language and title; raise NoPdf, or BrokenTemplate for too much."""
    return _apart("pdf", content, memory=PDF_MEMORY, title=title, language=language)[1]


def _apart(verb: str, content: bytes, memory: int = MOST_MEMORY, **given: Any) -> tuple[dict[str, Any], bytes]:
    if len(content) > papers.LIMIT:
        raise BrokenTemplate("large")
    asked = json.dumps({"verb": verb, "memory": memory, **given}).encode() + b"\n" + content
    # Fontconfig keeps what it found of the machine's fonts in the home folder; without it each paper looks again.
    kept = {name: os.environ[name] for name in ("HOME", "XDG_CACHE_HOME") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 — our own module, no argument of anybody's, no shell
            [sys.executable, "-I", "-m", __name__],
            input=asked, capture_output=True, timeout=SECONDS, check=False, env={"PATH": os.defpath, **kept},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BrokenTemplate("heavy", str(SECONDS)) from None
    said, _, made = done.stdout.partition(b"\n")
    if done.returncode != 0 or not said:
        raise _ended(done.returncode, done.stderr)
    found = json.loads(said)
    if "broken" in found:
        raise BrokenTemplate(*found["broken"])
    if "no_pdf" in found:
        raise NoPdf(found["no_pdf"])
    return found, made


def _ended(status: int, said: bytes) -> BrokenTemplate:
    """Return why the process ended before it had said anything: time, memory, or what nobody foresaw."""
    if -status in (signal.SIGXCPU, signal.SIGKILL) or b"MemoryError" in said or b"memory" in said.lower():
        return BrokenTemplate("heavy", str(SECONDS))
    # The kind of the error alone: what stands after it may hold what is in the file.
    kind = said.strip().rpartition(b"\n")[2].partition(b":")[0][:80].decode("ascii", "replace")
    logging.getLogger(__name__).error("the reader of an agreement ended with %s: %s", status, kind)
    return BrokenTemplate("unreadable", "")


def main() -> None:
    """Do what the first line of stdin asks for with the file behind it."""
    asked = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said, made = _done(asked, sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + made)


def _done(asked: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        if asked["verb"] == "check":
            return {"fields": papers.check(content)}, b""
        if asked["verb"] == "fill":
            made = papers.fill(content, asked["values"])
        else:
            made = papers.pdf(content, asked["title"], asked["language"])
    except BrokenTemplate as error:
        return {"broken": [error.code, error.detail]}, b""
    except NoPdf as error:
        return {"no_pdf": str(error)[:200]}, b""
    except (MemoryError, OverflowError, RecursionError):
        return {"broken": ["heavy", str(SECONDS)]}, b""
    return ({}, made) if len(made) <= MOST_MADE else ({"broken": ["large", ""]}, b"")


if __name__ == "__main__":
    main()
