"""What is the same in every application is made once a process: its templates, its routes and its translations.

Nearly every test of the web makes an application of its own. Compiling took nine tenths of the time of that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

# What `Rule.compile` makes of a rule's text, and nothing of the rule itself.
MADE = ("_parts", "_trace", "_converters")
BUILDERS = ("_build", "_build_unknown")


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
    Rule.compile = _remembered(Rule.compile)
    Translations.load = staticmethod(_read_once(Translations.load))


def _remembered(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    held: dict[Any, Rule] = {}

    def compiled(rule: Rule) -> None:
        key = rule.rule, rule.merge_slashes, rule.host if rule.map.host_matching else rule.subdomain
        if rule.defaults or key not in held:
            compile_rule(rule)
            if not rule.defaults:
                held[key] = rule
            return
        same = held[key]
        for name in MADE:
            setattr(rule, name, getattr(same, name))
        for name in BUILDERS:
            setattr(rule, name, getattr(same, name).__func__.__get__(rule))
        rule.arguments |= set(rule._converters)

    return compiled


def _read_once(load: Callable[..., NullTranslations]) -> Callable[..., NullTranslations]:
    @cache
    def read(folder: str, locales: tuple[str, ...], domain: str) -> NullTranslations:
        return load(folder, locales, domain)

    def given(folder: str, locales: Sequence[Locale | str], domain: str) -> NullTranslations:
        return read(str(folder), tuple(map(str, locales)), domain)

    return given
