"""Writes small PDFs with text where a test wants it, through pypdf's own writer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


@dataclass(frozen=True)
class Words:
    """Text at a place in points from the lower left corner."""

    x: float
    y: float
    text: str
    size: float = 10
    bold: bool = False


def pdf(pages: Sequence[Sequence[Words]], password: str | None = None, title: str | None = None) -> bytes:
    """The bytes of a PDF with these pages."""
    writer = PdfWriter()
    for words in pages:
        page = writer.add_blank_page(595, 842)
        fonts = DictionaryObject({NameObject(f"/{name}"): _font(name) for name in ("Helvetica", "Helvetica-Bold")})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        content.set_data("\n".join(map(_shown, words)).encode("cp1252"))
        page[NameObject("/Contents")] = writer._add_object(content)
    if title:
        writer.add_metadata({"/Title": title})
    if password is not None:
        writer.encrypt(user_password=password, owner_password="owner")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def paragraph(lines: Sequence[str], top: float, x: float = 50) -> list[Words]:
    """Lines of running text, 12 points apart."""
    return [Words(x, top - 12 * position, line) for position, line in enumerate(lines)]


def _font(name: str) -> DictionaryObject:
    fields = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": f"/{name}", "/Encoding": "/WinAnsiEncoding"}
    return DictionaryObject({NameObject(key): NameObject(value) for key, value in fields.items()})


def _shown(words: Words) -> str:
    text = words.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    font = "Helvetica-Bold" if words.bold else "Helvetica"
    return f"BT /{font} {words.size} Tf 1 0 0 1 {words.x} {words.y} Tm ({text}) Tj ET"
