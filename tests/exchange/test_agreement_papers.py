"""Templates for agreements come from people: what is packed in them is measured and looked through first."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Callable

import docx
import PIL.Image
import pypdf
import pytest

from matcher.exchange import agreement_papers as papers
from matcher.exchange.agreement_papers import BrokenTemplate

DTD = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY f "boom">]>'


def rebuilt(change: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    """Return the shipped template with its parts changed, and more of them."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(papers.shipped("en"))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, part in (more or {}).items():
            new.writestr(name, part)
    return made.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(BrokenTemplate) as caught:
        papers.check(content)
    return caught.value.code


def test_the_shipped_template_packed_anew_is_taken() -> None:
    assert papers.check(rebuilt(lambda _name, part: part)) == list(papers.FIELDS)


@pytest.mark.parametrize("entry", ["word/document.xml", "[Content_Types].xml", "word/_rels/document.xml.rels"])
def test_a_document_type_definition_is_refused(entry: str) -> None:
    def change(name: str, part: bytes) -> bytes:
        return DTD + part.split(b"?>", 1)[-1] if name == entry else part

    assert refused(rebuilt(change)) == "unreadable"


def test_one_in_utf_16_is_refused_too() -> None:
    def change(name: str, part: bytes) -> bytes:
        if name != "word/document.xml":
            return part
        return (DTD.replace(b'"1.0"', b'"1.0" encoding="UTF-16"') + b"<a/>").decode().encode("utf-16")

    assert refused(rebuilt(change)) == "unreadable"


def test_what_unpacks_to_far_more_is_refused() -> None:
    assert (
        refused(rebuilt(lambda _name, part: part, {"word/media/big.bin": b"\0" * (papers.UNPACKED_LIMIT + 1)}))
        == "large"
    )


def test_a_size_that_lies_is_not_believed() -> None:
    packed = rebuilt(lambda _name, part: part, {"word/big.xml": b" " * 20_000_000})
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        start = archive.getinfo("word/big.xml").header_offset
    size = (20_000_000).to_bytes(4, "little")
    assert packed.count(size) == 2  # in the file's own header, and in the list at the end
    lied = packed.replace(size, (10).to_bytes(4, "little"))
    assert lied[start : start + 4] == b"PK\x03\x04"
    assert refused(lied) == "unreadable"


def test_too_many_entries_are_refused() -> None:
    more = {f"word/part{number}.bin": b"" for number in range(papers.MOST_ENTRIES)}
    assert refused(rebuilt(lambda _name, part: part, more)) == "large"


def test_half_a_file_is_refused() -> None:
    assert refused(papers.shipped("sv")[:-2_000]) == "unreadable"


def test_a_paper_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/x.png"
        monkeypatch.setattr(papers, "html", lambda _content: f'<p>Text</p><img src="{address}"><img src="/etc/passwd">')
        assert papers.pdf(b"", "Paper", "en").startswith(b"%PDF-")
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_a_picture_in_a_template_is_in_the_pdf() -> None:
    document, made, picture = docx.Document(), io.BytesIO(), io.BytesIO()
    PIL.Image.new("RGB", (40, 20), "red").save(picture, "PNG")
    document.add_picture(picture)
    document.save(made)
    found = pypdf.PdfReader(io.BytesIO(papers.pdf(made.getvalue(), "Paper", "en")))
    assert len(found.pages[0].images) == 1
