"""A website on this machine whose pages a test writes, changes and breaks while it runs."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass(frozen=True)
class Reply:
    """What an address answers; `wait` is called between headers and body, and an OSError from it hangs up."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: Callable[[], object] | None = None


@dataclass
class Website:
    """`replies` by path and query; what is not there is a 404. Pages carry an ETag."""

    url: str = ""
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)  # paths with the status they got
    headers: list[Mapping[str, str]] = field(default_factory=list)  # of the requests

    def page(self, path: str, text: str, *, head: str = "", links: tuple[str, ...] = (), **headers: str) -> None:
        """An HTML page with a heading, a text and links."""
        anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
        title = path.strip("/") or "Home"
        body = (
            f"<html><head><title>{title}</title>{head}</head><body><h1>{title}</h1><p>{text}</p>{anchors}</body></html>"
        )
        self.answer(path, body, "text/html; charset=utf-8", 200, **headers)

    def answer(self, path: str, body: str | bytes, kind: str = "", status: int = 200, **headers: str) -> None:
        """Anything; headers are written with underscores."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if kind:
            named["Content-Type"] = kind
        if status == 200 and "etag" not in headers:
            named["ETag"] = f'"{sha256(data).hexdigest()[:12]}"'
        self.replies[path] = Reply(data, status, named)

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """To another address."""
        self.replies[path] = Reply(status=status, headers={"Location": target})

    def sitemap(self, path: str, *pages: str, index: bool = False) -> bytes:
        """A sitemap of addresses, or an index of sitemaps."""
        kind, item = ("sitemapindex", "sitemap") if index else ("urlset", "url")
        named = "".join(f"<{item}><loc>{page if '://' in page else self.url + page}</loc></{item}>" for page in pages)
        text = f'<?xml version="1.0"?><{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{named}</{kind}>'
        self.answer(path, text, "application/xml")
        return text.encode()

    def statuses(self) -> Counter[int]:
        """What was answered since the last time this was asked, robots.txt apart."""
        counted = Counter(status for path, status in self.asked if path not in ("/robots.txt", "/sitemap.xml"))
        self.asked.clear()
        return counted


@pytest.fixture
def website() -> Iterator[Website]:
    """An empty one."""
    site = Website()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = site.replies.get(self.path, Reply(b"no such page", 404))
            status = reply.status
            if status == 200 and reply.headers.get("ETag", "-") == self.headers.get("If-None-Match"):
                status = 304
            site.asked.append((self.path, status))
            site.headers.append(dict(self.headers))
            body = reply.body if status != 304 else b""
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                if reply.wait:
                    reply.wait()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()
