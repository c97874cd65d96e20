"""Websites as sources: crawled or read from their sitemaps into a mirror, politely and within limits."""

from pipelines.web.address import web_source
from pipelines.web.crawl import Remark
from pipelines.web.mirroring import Network, as_fetched, drop_mirrors, mirrored

__all__ = ["Network", "Remark", "as_fetched", "drop_mirrors", "mirrored", "web_source"]
