"""What is the same in every application is compiled once a process: its templates and its routes.

Nearly every test of the web makes an application of its own. Compiling took nine tenths of the time of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class _InMemory(BytecodeCache):
    """Jinja's compiled templates, by their name and the checksum of their source."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        held = self._held.get((bucket.key, bucket.checksum))
        if held is not None:
            bucket.bytecode_from_string(held)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._held[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


def once() -> None:
    """Let every application that is made from now on in this process share what is compiled."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _InMemory()}
    Rule._compile_builder = _remembered(Rule._compile_builder)


def _remembered(compile_builder: Callable[[Rule, bool], Builder]) -> Callable[[Rule, bool], Builder]:
    held: dict[Any, Builder] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = rule.rule, append_unknown, tuple(rule._trace)
        if key not in held:
            held[key] = compile_builder(rule, append_unknown)
        return held[key]

    return builder
