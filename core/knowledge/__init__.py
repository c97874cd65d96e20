"""Knowledge: a LanceDB table per build, written once, searched by meaning, by words, and by both.

Synchronous, and safe to call from several threads. Knows no embedding model and no pointer.
"""

from core.knowledge.ann import Ann, AnnRecall
from core.knowledge.filters import Filter
from core.knowledge.memories import Memories, Memory
from core.knowledge.schema import Vector, chunk_schema, to_batch
from core.knowledge.store import Knowledge
from core.knowledge.table import WEIGHTS, BuildTable, Mode, Query

__all__ = [
    "WEIGHTS",
    "Ann",
    "AnnRecall",
    "BuildTable",
    "Filter",
    "Knowledge",
    "Memories",
    "Memory",
    "Mode",
    "Query",
    "Vector",
    "chunk_schema",
    "to_batch",
]
