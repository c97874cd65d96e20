"""The data scientists' half: `from evals import lab`, then `lab.ask("…")`, `lab.explain(turn_id)`, `lab.experiment(…)`.

These are the methods of a `Lab` with the project's own settings; `lab.sample()` gives one of the sample site.
Settings are read when the first of them is called.
"""

import warnings

warnings.filterwarnings("ignore", "IProgress not found")  # of libraries that would rather show a bar

from evals.lab.sample_site import sample_pages  # noqa: E402
from evals.lab.workshop import Lab  # noqa: E402

_project = Lab()

add_golden = _project.add_golden
answers = _project.answers
ask = _project.ask
builds = _project.builds
chunk_preview = _project.chunk_preview
chunks = _project.chunks
conversations = _project.conversations
data = _project.data
duplicates = _project.duplicates
experiment = _project.experiment
explain = _project.explain
files = _project.files
gaps = _project.gaps
groundedness = _project.groundedness
label = _project.label
pocket = _project.pocket
promote = _project.promote
rated = _project.rated
replay = _project.replay
retrieval = _project.retrieval
sample = _project.sample
search = _project.search
simulated = _project.simulated
stage = _project.stage
visit = _project.visit

__all__ = [
    "Lab",
    "add_golden",
    "answers",
    "ask",
    "builds",
    "chunk_preview",
    "chunks",
    "conversations",
    "data",
    "duplicates",
    "experiment",
    "explain",
    "files",
    "gaps",
    "groundedness",
    "label",
    "pocket",
    "promote",
    "rated",
    "replay",
    "retrieval",
    "sample",
    "sample_pages",
    "search",
    "simulated",
    "stage",
    "visit",
]


def __dir__() -> list[str]:
    """What a notebook completes: not the modules that these are made of."""
    return __all__
