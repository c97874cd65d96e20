"""The data scientists' half: `from evals import lab`, then `lab.ask("…")`, `lab.explain(turn_id)`, `lab.experiment(…)`.

These are the methods of a `Lab` with the project's own settings; `lab.sample()` gives one of the sample site.
Settings are read when the first of them is called.
"""

from evals.lab.workshop import Lab

_project = Lab()

sample = _project.sample
builds = _project.builds
search = _project.search
ask = _project.ask
chunk_preview = _project.chunk_preview
files = _project.files
chunks = _project.chunks
duplicates = _project.duplicates
experiment = _project.experiment

__all__ = [
    "Lab",
    "ask",
    "builds",
    "chunk_preview",
    "chunks",
    "duplicates",
    "experiment",
    "files",
    "sample",
    "search",
]
