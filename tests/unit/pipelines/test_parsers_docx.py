"""DOCX: outline, lists and tables in the order of the document, whatever parts it lacks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from core.errors import UnreadableDocumentError
from pipelines.parsers import docx as parser
from pipelines.parsers.parsed import Parsed


def saved(document: Document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def read(document: Document) -> Parsed:
    return parser.parse(saved(document)).tidied()


def empty() -> Document:
    document = docx.Document()
    document.core_properties.title = ""
    return document


def test_headings_paragraphs_lists_and_tables_come_in_order() -> None:
    document = empty()
    document.add_heading("Handbook", 0)
    document.add_paragraph("Read it before the first day.")
    document.add_heading("The days", 1)
    document.add_paragraph("Bring shoes", style="List Bullet")
    document.add_paragraph("Bring a notebook", style="List Bullet")
    document.add_paragraph("Unpack", style="List Number")
    document.add_paragraph("Fill", style="List Number")
    table = document.add_table(2, 2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("Day", "Time", "Monday", "9 | 17"), strict=True
    ):
        cell.text = text
    document.add_heading("After", 2)
    document.add_paragraph("# no heading")
    page = read(document)
    assert page.title == "Handbook"
    assert page.text == (
        "# Handbook\n\nRead it before the first day.\n\n# The days\n\n- Bring shoes\n- Bring a notebook\n1. Unpack\n"
        "2. Fill\n\n| Day | Time |\n| --- | --- |\n| Monday | 9 \\| 17 |\n\n## After\n\n\\# no heading"
    )


def test_the_title_is_that_of_the_properties_unless_a_program_put_it_there() -> None:
    document = empty()
    document.add_heading("First heading", 1)
    document.core_properties.title = "Warranty"
    assert read(document).title == "Warranty"
    document.core_properties.title = "Microsoft Word - draft.docx"
    assert read(document).title == "First heading"


def test_tables_within_cells_and_frames_around_blocks_are_read() -> None:
    document = empty()
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "left"
    inner = outer.cell(0, 1).add_table(2, 2)
    for cell, text in zip((cell for row in inner.rows for cell in row.cells), "abcd", strict=True):
        cell.text = text
    frame = document.add_table(1, 1)
    frame.cell(0, 0).text = "Note: read this."
    assert read(document).text == "| left | a, b; c, d |\n| --- | --- |\n\nNote: read this."


def test_links_insertions_and_content_controls_are_text_and_deletions_are_not() -> None:
    document = empty()
    body = document.element.body
    body.insert(
        0,
        parse_xml(f"""<w:sdt {nsdecls("w")}><w:sdtContent><w:p>
        <w:r><w:t xml:space="preserve">We are </w:t></w:r><w:ins><w:r><w:t>open</w:t></w:r></w:ins>
        <w:del><w:r><w:delText>closed</w:delText><w:t>shut</w:t></w:r></w:del>
        <w:hyperlink><w:r><w:t xml:space="preserve"> daily</w:t></w:r></w:hyperlink></w:p></w:sdtContent></w:sdt>"""),
    )
    assert read(document).text == "We are open daily"


def test_a_table_of_contents_is_dropped() -> None:
    document = empty()
    body = document.element.body
    body.insert(
        0, parse_xml(f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="TOC1"/></w:pPr><w:r><w:t>Intro 3</w:t></w:r></w:p>')
    )
    document.add_paragraph("Text.")
    assert read(document).text == "Text."


@pytest.mark.parametrize("part", ["word/styles.xml", "word/settings.xml", "word/numbering.xml", "docProps/core.xml"])
def test_a_document_without_a_part_is_read(part: str) -> None:
    document = empty()
    document.add_heading("Title", 1)
    document.add_paragraph("Item", style="List Bullet")
    assert "Title" in parser.parse(_without(saved(document), part)).text


def _without(data: bytes, part: str) -> bytes:
    """The package without a part and all that names it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            if name == part:
                continue
            content = before.read(name)
            if name.endswith((".rels", "[Content_Types].xml")):
                lines = content.replace(b"><", b">\n<").split(b"\n")
                content = b"".join(line for line in lines if Path(part).name.encode() not in line)
            after.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04 cut off", "malformed"),
        (b"plain text", "malformed"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "needs a password"),
        (b"\xd0\xcf\x11\xe0 Word 97", "old form"),
    ],
)
def test_what_is_no_docx_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        parser.parse(data)


def test_another_zip_archive_is_no_document() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableDocumentError, match="malformed"):
        parser.parse(buffer.getvalue())
