"""The Swedish texts: one for every text of the tree, the same placeholders, no doubt left, and compiled."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "matcher" / "translations" / "sv" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
STANDARD = ("_", "gettext", "ngettext:1,2", "pgettext:1c,2", "npgettext:1c,2,3")
Key = tuple[str | None, str]  # context, English text


@cache
def tree() -> dict[Key, bool]:
    """Return every text of the code and templates, collected as in the Makefile, and whether it has a plural."""
    own = re.findall(r"-k (\S+)", (ROOT / "Makefile").read_text(encoding="utf8"))
    with (ROOT / "babel.cfg").open(encoding="utf8") as file:
        methods, options = parse_mapping_cfg(file)
    rows = extract_from_dir(
        ROOT / "matcher",
        methods,
        options,
        parse_keywords([*STANDARD, *own]),
        directory_filter=lambda folder: not Path(folder).name.startswith("."),
    )
    return {(context, first(text)): not isinstance(text, str) for _file, _line, text, _comments, context in rows}


@cache
def catalogue() -> Catalog:
    """Return the Swedish catalogue as it is written."""
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="sv")


def messages(texts: Catalog) -> dict[Key, Message]:
    return {(context_of(message), first(message.id)): message for message in texts if message.id}


def context_of(message: Message) -> str | None:
    """Return the context, which Babel leaves as bytes when it reads a compiled file."""
    return message.context.decode() if isinstance(message.context, bytes) else message.context


def first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def as_list(message: Message) -> list[str]:
    return [str(message.string)] if isinstance(message.string, str) else list(message.string)


def pairs() -> list[tuple[str, str]]:
    """Return (English, Swedish) for every text and every form of it."""
    found = []
    for message in messages(catalogue()).values():
        if isinstance(message.id, str):
            found.append((message.id, str(message.string)))
        else:
            found += zip(message.id, message.string, strict=True)
    return found


def test_every_text_of_the_tree_is_in_the_catalogue_and_no_other() -> None:
    known = set(messages(catalogue()))
    assert (sorted(set(tree()) - known), sorted(known - set(tree()))) == ([], []), "run `make translations`"


def test_every_text_has_a_swedish_one() -> None:
    assert [english for english, swedish in pairs() if not swedish] == []


def test_a_text_with_a_plural_has_both_swedish_forms() -> None:
    plural = {key for key, message in messages(catalogue()).items() if not isinstance(message.id, str)}
    assert plural == {key for key, has in tree().items() if has}
    assert catalogue().num_plurals == 2


def test_placeholders_are_the_same_in_number_and_name() -> None:
    assert [
        (english, swedish)
        for english, swedish in pairs()
        if sorted(PLACEHOLDER.findall(english)) != sorted(PLACEHOLDER.findall(swedish))
    ] == []


def test_a_text_with_placeholders_has_no_loose_percent_sign() -> None:
    assert [s for _, s in pairs() if PLACEHOLDER.search(s) and "%" in PLACEHOLDER.sub("", s)] == []


def test_nothing_is_fuzzy_or_left_over() -> None:
    assert [key for key, message in messages(catalogue()).items() if message.fuzzy] == []
    assert (catalogue().fuzzy, list(catalogue().obsolete)) == (False, [])


def test_the_compiled_file_says_what_the_written_one_says() -> None:
    with (FOLDER / "messages.mo").open("rb") as file:
        compiled = messages(read_mo(file))
    said, written = ({key: as_list(one) for key, one in of.items()} for of in (compiled, messages(catalogue())))
    assert said == written, "run `make translations`"


def test_spaces_at_the_ends_are_kept() -> None:
    def ends(text: str) -> tuple[bool, bool]:
        return text[:1].isspace(), text[-1:].isspace()

    assert [english for english, swedish in pairs() if ends(english) != ends(swedish)] == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"[“‘]|(?<!\{)\"(?=\w)", "Swedish quotes are ”…”, the same at both ends"),
        (r"\d \d{3}\b", "a no-break space parts thousands"),
        (r"  ", "two spaces"),
        (r"(?i)(?<!%\()\b(idag|imorgon|e-?mail|mail|feedback)\b", "another word is used"),
        (r"(?i)(?<!%\()\bmatcher(?!,| (?:work|plan|verify)\b)\b", "it is called the hub"),
        (r"\b(ni|er) (?:är|har) inloggad", "the reader is du"),
    ],
)
def test_the_swedish_is_set_as_swedish(pattern: str, why: str) -> None:
    assert [swedish for _, swedish in pairs() if re.search(pattern, swedish)] == [], why
