"""The data scientists' half: `from evals import lab`, then `lab.ask("…")`, `lab.explain(turn_id)`, `lab.experiment(…)`.

These are the methods of a `Lab` with the project's own settings; `lab.sample()` gives one of the sample site.
Settings are read when the first of them is called.
"""

from evals.lab.workshop import Lab

_project = Lab()

add_golden = _project.add_golden
answers = _project.answers
ask = _project.ask
builds = _project.builds
chunk_preview = _project.chunk_preview
chunks = _project.chunks
data = _project.data
duplicates = _project.duplicates
experiment = _project.experiment
explain = _project.explain
files = _project.files
groundedness = _project.groundedness
label = _project.label
pocket = _project.pocket
replay = _project.replay
retrieval = _project.retrieval
sample = _project.sample
search = _project.search

__all__ = [
    "Lab",
    "add_golden",
    "answers",
    "ask",
    "builds",
    "chunk_preview",
    "chunks",
    "data",
    "duplicates",
    "experiment",
    "explain",
    "files",
    "groundedness",
    "label",
    "pocket",
    "replay",
    "retrieval",
    "sample",
    "search",
]
