"""Agreements as files: a DOCX from a template that a lawyer edits in Word, and the same text as an accessible PDF.

A template holds fields in double braces, `{{ owner_name }}`; `FIELDS` are those that can be filled. Templates come
from people, so they are filled in a sandbox, and checked when they are uploaded, not when somebody waits to sign.
The PDF is made of the DOCX by `mammoth` (its headings, paragraphs, lists and tables) and WeasyPrint as PDF/UA-1:
with tags, language and title. WeasyPrint needs Pango; a machine without it gives the DOCX only (`NoPdf`).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from html import escape

import mammoth
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from ..hub.reference import DATA

FOLDER = DATA / "agreements"
SHIPPED = {"sv": FOLDER / "test_agreement_sv.docx", "en": FOLDER / "test_agreement_en.docx"}
LIMIT, UNPACKED_LIMIT = 5_000_000, 50_000_000  # bytes
MOST_ENTRIES = 1_000
FIELDS = (
    "number", "date", "need", "testbed", "purpose", "starts_on", "ends_on",
    "owner_name", "owner_orgnr", "owner_does", "owner_brings",
    "startup_name", "startup_orgnr", "startup_does", "startup_brings",
    "host_name", "host_orgnr", "host_does",
    "results_owner", "results_use", "data", "liability", "payment", "amount", "payment_terms", "funds",
)  # fmt: skip
# What no agreement may lack; a template without one of these fields is refused.
NEEDED = ("owner_name", "startup_name", "purpose", "starts_on", "ends_on", "results_owner", "results_use", "data",
          "liability", "payment")  # fmt: skip
# What runs or is fetched when the paper is opened; an address that somebody clicks on may stay.
_RUNS = re.compile(r"(?i)vba|activex|macrosheet|/embeddings/|oleobject|\.(exe|dll|js|vbs)\Z")
_CODES = rb"(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|LINK|MACROBUTTON|RD)"
# Each beside a word that a part must hold, in whatever case, for it to fit: looking for that takes a hundredth as long.
_FETCHES = (
    (b"targetmode", re.compile(
        rb"""(?is)<Relationship\b(?=[^>]*TargetMode\s*=\s*["']External)(?![^>]*/hyperlink["'])[^>]*>""")),
    (b"instrtext", re.compile(rb"(?is)\b" + _CODES + rb"\b[^<]{0,300}</\w*:?instrText")),
    (b"instr", re.compile(rb"""(?is)instr\s*=\s*["']\s*""" + _CODES + rb"\b")),
    (b"macroenabled", re.compile(rb"(?i)macroEnabled")),
    (b"<", re.compile(rb"(?is)<\w*:?(altChunk|object|control)\b")),
)  # fmt: skip
_CSS = """
@page { size: A4; margin: 25mm 22mm; @bottom-center { content: counter(page) " / " counter(pages); font-size: 9pt } }
body { font: 11pt/1.45 "Liberation Sans", sans-serif; color: #111 }
h1 { font-size: 18pt; margin: 0 0 8mm } h2 { font-size: 13pt; margin: 7mm 0 2mm; break-after: avoid }
table { border-collapse: collapse; width: 100% } td, th { border: .4pt solid #777; padding: 2mm; text-align: left;
vertical-align: top } p { margin: 0 0 3mm }
"""


# What Python says of an expression that reads well and cannot be worked out: a field that is called, another file.
_WRONG_IN_USE = (TypeError, ValueError, ArithmeticError, LookupError)


class BrokenTemplate(Exception):
    """A template that cannot be used; `detail` says where.

    `code` is unreadable, large, heavy, active, syntax, unknown or lacking.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


class NoPdf(Exception):
    """This machine lacks what a PDF is made with (Pango)."""


def shipped(language: str) -> bytes:
    """Return the template that comes with the hub, in Swedish or English."""
    return SHIPPED[language].read_bytes()


def check(content: bytes) -> list[str]:
    """Return the fields that a template uses, in their own order; raise BrokenTemplate for one that cannot be used."""
    template = _opened(content)
    try:
        used = template.get_undeclared_template_variables(_environment())
        fill(content, dict.fromkeys(FIELDS, "x"))
    except TemplateError as error:
        raise BrokenTemplate("syntax", str(error)) from None
    unknown, lacking = sorted(used - set(FIELDS)), [name for name in NEEDED if name not in used]
    if unknown:
        raise BrokenTemplate("unknown", ", ".join(unknown))
    if lacking:
        raise BrokenTemplate("lacking", ", ".join(lacking))
    return [name for name in FIELDS if name in used]


def fill(content: bytes, values: Mapping[str, str]) -> bytes:
    """Return the DOCX with every field filled; raise BrokenTemplate when the template cannot be filled."""
    template = _opened(content)
    try:
        template.render(dict(values), jinja_env=_environment(), autoescape=True)
    except UndefinedError as error:
        raise BrokenTemplate("unknown", str(error)) from None
    except (TemplateError, *_WRONG_IN_USE) as error:
        raise BrokenTemplate("syntax", str(error)[:200]) from None
    made = io.BytesIO()
    template.save(made)
    return made.getvalue()


def pdf(content: bytes, title: str, language: str) -> bytes:
    """Return a DOCX as PDF/UA-1 with tags, language and title; raise NoPdf without Pango."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise NoPdf(str(error)) from None
    page = (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_CSS}</style></head><body><main>{html(content)}</main></body></html>"
    )
    # A picture in the DOCX comes as `data:`; a paper fetches nothing, neither from the network nor from the disk.
    nothing = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    return HTML(string=page, url_fetcher=nothing).write_pdf(pdf_variant="pdf/ua-1")


def html(content: bytes) -> str:
    """Return the body of a DOCX as HTML: headings, paragraphs, lists, tables, bold and italic."""
    try:
        return mammoth.convert_to_html(io.BytesIO(content)).value
    except (zipfile.BadZipFile, KeyError) as error:
        raise BrokenTemplate("unreadable", str(error)[:200]) from None


def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


def _refuse_entities(packed: zipfile.ZipFile) -> None:
    """Raise BrokenTemplate for XML with a document type definition, which no word processor writes.

    Three readers look at the parts after this, and not all of them leave entities alone. UTF-16 would hide the word.
    """
    for name in packed.namelist():
        part = packed.read(name)
        if b"<!DOCTYPE" in part or (name.endswith((".xml", ".rels")) and b"\x00" in part):
            raise BrokenTemplate("unreadable", name[:200])
        if _RUNS.search(name) or (name.endswith((".xml", ".rels")) and _fetches(part)):
            raise BrokenTemplate("active", name[:200])


def _fetches(part: bytes) -> bool:
    folded = part.lower()
    return any(word in folded and pattern.search(part) for word, pattern in _FETCHES)


def _opened(content: bytes) -> DocxTemplate:
    if len(content) > LIMIT:
        raise BrokenTemplate("large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            # No more comes out of an entry than it declares: what lies about its size is damaged to Python's reader.
            if len({one.filename.casefold() for one in entries}) < len(entries):
                raise BrokenTemplate("unreadable")  # of two parts of one name each reader takes another one
            if len(entries) > MOST_ENTRIES or sum(item.file_size for item in entries) > UNPACKED_LIMIT:
                raise BrokenTemplate("large")
            _refuse_entities(packed)
        template = DocxTemplate(io.BytesIO(content))
        template.init_docx()
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zipfile.zlib.error, PackageNotFoundError, KeyError, ValueError,
        EOFError, NotImplementedError, RuntimeError, SyntaxError, AttributeError,
    ) as error:  # fmt: skip
        raise BrokenTemplate("unreadable", str(error)[:200]) from None
    return template
