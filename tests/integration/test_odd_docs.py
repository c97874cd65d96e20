"""Real files of many projects, odd on purpose: none may crash the reader, and every refusal says why."""

from __future__ import annotations

import psutil
import pytest

from core.records import Document, Source
from pipelines.ingest import Refusal, ingest
from pipelines.sandbox import SandboxedParser
from pipelines.sources import list_files
from tests.fakes.real_data import real_data

Results = dict[str, Document | Refusal]

REASONS = {
    "onyx-fixtures/encrypted.pdf": "is encrypted: it needs a password",
    "onyx-fixtures/with_image.pdf": "holds no text (scanned pages?)",
    "pikepdf/graph-encrypted.pdf": "is encrypted: it needs a password",
    "pypdf-samples/unreadablemetadata.pdf": "is malformed",
    "python-docx/doc-default.docx": "holds no text",
    "r2r-filetypes/doc.doc": "is a Word document of the old form",
    "r2r-filetypes/eml.eml": "is an e-mail",
    "r2r-filetypes/pptx.pptx": "is a PowerPoint presentation",
    "r2r-filetypes/png.png": "is not a document (.png)",
    "r2r-filetypes/xlsx.xlsx": "is an Excel spreadsheet",
}
DOCUMENTS = {
    "onyx-fixtures/owner_protected.pdf": "Hello World",
    "pikepdf/outlines.pdf": "### 1.1 One-A",
    "pypdf-samples/crazyones-pdfa.pdf": "the crazy ones",
    "python-docx/par-hyperlinks.docx": "One awesome hyperlink.",
    "python-docx/tbl-cell-access.docx": "| 4 | 5 | 6 |",
    "r2r-filetypes/md.md": "## Overview",
    "r2r-filetypes/tsv.tsv": "; ",
}


@pytest.fixture(scope="module")
def results() -> Results:
    folder = real_data("odd-docs")
    source = Source("odd", "test", str(folder))
    before = psutil.Process().memory_info().rss
    with SandboxedParser(memory_mb=768, seconds=30) as parser:
        found = {result.path: result for result in ingest(source, list_files(source.uri), parser, 50 * 2**20)}
    assert psutil.Process().memory_info().rss - before < 32 * 2**20, "the parent's memory grew"
    return found


def test_every_file_is_a_document_or_a_refusal_with_a_reason(results: Results) -> None:
    refusals = [result for result in results.values() if isinstance(result, Refusal)]
    assert len(results) > 80 and len(refusals) < len(results) / 1.5
    assert not [refusal for refusal in refusals if "crashed" in refusal.reason or "Error" in refusal.reason]
    assert all(refusal.reason.startswith(("is ", "holds ", "has ")) for refusal in refusals)


@pytest.mark.parametrize("path", REASONS)
def test_a_refusal_says_why(results: Results, path: str) -> None:
    refusal = results[path]
    assert isinstance(refusal, Refusal) and refusal.reason.startswith(REASONS[path])


@pytest.mark.parametrize("path", DOCUMENTS)
def test_what_can_be_read_is_read(results: Results, path: str) -> None:
    document = results[path]
    assert isinstance(document, Document) and DOCUMENTS[path] in document.text


def test_only_files_that_are_no_documents_are_ignored(results: Results) -> None:
    ignored = {path for path, result in results.items() if isinstance(result, Refusal) and result.ignored}
    assert {path.rsplit("/")[-1] for path in ignored} == {"LICENSE", "css.css", "png.png", "py.py", "ts.ts"}
