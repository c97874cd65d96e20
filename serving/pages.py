"""Files for browsers: the demo page's own, and a folder of documents, so that a demo's citations open."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from core.errors import ConfigurationError

WIDGET = Path(__file__).parent / "widget"

# The page loads nothing from elsewhere and runs no script that is not a file of its own.
_PAGE_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Documents may come from anywhere: they are shown, but run nothing in this server's name.
_DOCUMENT_POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


def demo_folder(path: Path) -> Path:
    """The folder that FRONTDESK_DEMO_PAGES names; ConfigurationError when there is none."""
    if not path.is_dir():
        raise ConfigurationError(f"FRONTDESK_DEMO_PAGES={path} is not a folder: name one that exists, or unset it.")
    return path


def widget_routes() -> list[Route]:
    """A route for each file of the page and for nothing else, so that other paths are refused as the API's are."""
    files = WidgetFiles()
    paths = ["/", *(f"/{file.name}" for file in sorted(WIDGET.iterdir()))]
    return [Route(path, files, methods=["GET"], include_in_schema=False) for path in paths]


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

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, in a type that is safe to open."""
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        if path.endswith(".md"):
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
        if not path.endswith(".pdf"):  # whose viewers run nothing of ours, and show nothing in a sandbox
            response.headers["Content-Security-Policy"] = _DOCUMENT_POLICY
        return response
