"""Bytes to text: by byte order mark, by what the file declares, as UTF-8, then by its likeliest encoding."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from core.errors import UnreadableDocumentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOREIGN = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive (as DOCX and XLSX are)",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x1f\x8b": "a gzip archive",
}
_SUPERSETS = dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "latin1"), "cp1252")  # what is meant by them
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 64 * 1024
_WESTERN_SHARE = 0.25  # of non-ASCII among letters; above it a text is not in a western language


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of a file, its lines ended by newlines; refused when it is no text or its encoding cannot be told."""
    text = _decode(data, declared)
    if len(_CONTROL.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) // 100:
        raise UnreadableDocumentError("is a binary file, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    for magic, name in _FOREIGN.items():
        if data.startswith(magic):
            raise UnreadableDocumentError(f"is {name}, whatever its ending says")
    if b"\x00" in data[:_SAMPLE]:
        return _decode_wide(data)
    for candidate in ("utf-8", _SUPERSETS.get(declared or "", declared)):
        attempted = _attempt(data, candidate)
        if attempted is not None:
            return attempted
    return _western(data) or _likeliest(data)


def _decode_wide(data: bytes) -> str:
    """UTF-16 without a mark: mostly ASCII, so nearly every second byte is zero. Else it is no text."""
    sample = data[:_SAMPLE]
    half = max(1, len(sample) // 2)
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if zeros.count(0) > half * 0.6:
            return data.decode(encoding, errors="replace")
    raise UnreadableDocumentError("is a binary file, not text")


def _attempt(data: bytes, encoding: str | None) -> str | None:
    try:
        return data.decode(encoding) if encoding else None
    except (UnicodeDecodeError, LookupError):
        return None


def _western(data: bytes) -> str | None:
    """The text as Windows-1252 where that is plausible; detectors take short western texts for Polish.

    Implausible are texts of mostly non-ASCII letters, and signs such as `³` amid the letters of a word.
    """
    text = _attempt(data, "cp1252")
    sample = (text or "")[:_SAMPLE]
    letters = sum(map(str.isalpha, sample))
    foreign = sum(1 for letter in sample if letter > "\x7f" and letter.isalpha())
    amid_letters = re.search(r"[A-Za-z][^\x00-\x7f\w’‘–—·…][A-Za-z]|[A-Za-z][³²¹¼½¾][A-Za-z]", sample)
    plausible = letters and foreign <= letters * _WESTERN_SHARE and not amid_letters
    return text if plausible else None


def _likeliest(data: bytes) -> str:
    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        raise UnreadableDocumentError("is in an encoding that cannot be told; save it as UTF-8")
    return data.decode(best.encoding, errors="replace")
