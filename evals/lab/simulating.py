"""Simulated conversations in a folder of their own below the lab's home: enough to look at, made in seconds."""

from __future__ import annotations

from filelock import FileLock

from core.settings import Settings
from evals.lab.sample_site import at_home, sample_questions
from evals.progress import silent
from evals.simulation.plan import Plan
from evals.simulation.simulate import is_simulated, simulate


def simulated(plan: Plan, settings: Settings) -> Settings:
    """Settings of a home whose conversations are this plan's and nothing else; made unless they are there."""
    here = at_home(settings, "simulated")
    folder = here.home / "conversations"
    with FileLock(here.home / ".simulated.lock"):
        if not is_simulated(plan, folder):
            simulate(plan, folder, sample_questions(), here, silent)
    return here
