"""Where a notebook finds things: the project's `.env` and its home, from whichever folder its kernel started in."""

from __future__ import annotations

from pathlib import Path

from core.settings import Settings, load_settings

_ROOT = Path(__file__).parents[2]


def notebook_settings() -> Settings:
    """As a command started in the checkout has them; outside of one, as any process has them."""
    if not (_ROOT / "pyproject.toml").exists():
        return load_settings()
    settings = load_settings(_env_file=_ROOT / ".env")
    return settings.model_copy(update={"home": _ROOT / settings.home})


def data(name: str, settings: Settings) -> Path | None:
    """A folder of public data to measure with, where it is at hand: in the home's `data`, or beside the checkout."""
    for place in (settings.home / "data", _ROOT.parent / "shared" / "data"):
        if (place / name).exists():
            return place / name
    return None
