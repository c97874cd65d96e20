"""Files for browsers: the demo page's own, and a folder of documents, so that a demo's citations open."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WIDGET = Path(__file__).parent / "widget"

# The page loads nothing from elsewhere and runs no script that is not a file of its own.
_PAGE_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Documents may come from anywhere: they are shown, but run nothing in this server's name.
_DOCUMENT_POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


class WidgetFiles(StaticFiles):
    """The demo page, its script and its style."""

    def __init__(self) -> None:
        super().__init__(directory=WIDGET, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the page's policy."""
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        response.headers["Cache-Control"] = "no-cache"
        return response


class Documents(StaticFiles):
    """A folder, read-only; Markdown as plain text, which browsers show."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, in a type that is safe to open."""
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        if path.endswith(".md"):
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers["Content-Security-Policy"] = _DOCUMENT_POLICY
        return response
