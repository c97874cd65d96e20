"""The sandbox: a file may need too much memory, take too long or kill its parser, and only that file is lost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from threading import Timer

import docx
import psutil
import pytest

from core.errors import UnreadableDocumentError
from pipelines.sandbox import SandboxedParser

SLOW = ("slow.md", b"<!-- " * 400_000)  # every one is looked after to the end of the file


@pytest.fixture(scope="module")
def parser() -> Iterator[SandboxedParser]:
    with SandboxedParser(memory_mb=256, seconds=20) as parser:
        yield parser


def bomb(paragraphs: int = 1_000_000) -> bytes:
    """A DOCX of a few hundred KiB that takes gigabytes once it is a tree."""
    plain, packed = io.BytesIO(), io.BytesIO()
    docx.Document().save(plain)
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name)
            if name == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + b"<w:p><w:r><w:t>a</w:t></w:r></w:p>" * paragraphs)
            after.writestr(name, data)
    return packed.getvalue()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "pipelines.parsers.child" in " ".join(child.cmdline())]


def test_documents_come_back_whole(parser: SandboxedParser) -> None:
    page = parser.parse("a.md", "---\nurl: /x\nlang: é\n---\n# Tïtle\n\n“Text” 🙂".encode())
    assert (page.title, page.text, page.url, page.metadata) == ("Tïtle", "# Tïtle\n\n“Text” 🙂", "/x", {"lang": "é"})


def test_a_refusal_is_not_the_end_of_the_child(parser: SandboxedParser) -> None:
    with pytest.raises(UnreadableDocumentError, match="is empty"):
        parser.parse("a.md", b"")
    before = children()
    parser.parse("b.md", b"text")
    assert children() == before


def test_a_file_that_unfolds_hugely_is_stopped_and_its_neighbours_are_parsed(parser: SandboxedParser) -> None:
    data, memory = bomb(), psutil.Process().memory_info().rss
    assert len(data) < 300 * 1024
    assert parser.parse("before.md", b"before").text == "before"
    with pytest.raises(UnreadableDocumentError, match="needs more than 256 MiB of memory"):
        parser.parse("bomb.docx", data)
    assert parser.parse("after.md", b"after").text == "after"
    assert psutil.Process().memory_info().rss - memory < 32 * 2**20


def test_a_file_that_takes_too_long_is_stopped() -> None:
    with SandboxedParser(memory_mb=256, seconds=0.5) as parser:
        parser.parse("before.md", b"before")
        with pytest.raises(UnreadableDocumentError, match=r"took longer than 0\.5 seconds"):
            parser.parse(*SLOW)
        assert parser.parse("after.md", b"after").text == "after"


def test_a_file_that_crashes_its_parser_is_malformed() -> None:
    with SandboxedParser(memory_mb=256, seconds=20) as parser:
        (child,) = [child for child in children() if child.ppid() == os.getpid()][-1:]
        Timer(1.5, child.send_signal, [signal.SIGSEGV]).start()
        with pytest.raises(UnreadableDocumentError, match="its parser crashed"):
            parser.parse(*SLOW)


def test_a_child_killed_between_two_files_costs_neither() -> None:
    with SandboxedParser(memory_mb=256, seconds=20) as parser:
        parser.parse("before.md", b"before")
        children()[-1].kill()
        assert parser.parse("after.md", b"after").text == "after"


def test_closing_leaves_no_process() -> None:
    before = children()
    parser = SandboxedParser(memory_mb=256, seconds=20)
    parser.parse("a.md", b"text")
    assert len(children()) == len(before) + 1
    parser.close()
    assert children() == before


def test_a_child_does_not_outlive_its_parent() -> None:
    script = (
        "import os, psutil; from pipelines.sandbox import SandboxedParser;"
        "SandboxedParser(memory_mb=256, seconds=20).parse('a.md', b'x');"
        "print(psutil.Process().children()[0].pid, flush=True); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    child = int(done.stdout)
    psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=5)
    assert not psutil.pid_exists(child)


def test_the_child_imports_nothing_heavy() -> None:
    script = "import sys, pipelines.parsers.child; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "ray", "mlflow", "pyarrow", "lancedb", "pydantic"} & set(loaded)
