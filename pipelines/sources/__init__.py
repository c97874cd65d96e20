"""Where documents come from: folders, files, globs, buckets, and mirrors of websites, all listed and read alike."""

from pipelines.sources.listing import WHAT_TO_NAME, list_files, read
from pipelines.sources.mirror import is_web
from pipelines.sources.place import SourceFile, redacted

__all__ = ["WHAT_TO_NAME", "SourceFile", "is_web", "list_files", "read", "redacted"]
