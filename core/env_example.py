"""Renders `.env.example` and README's settings table from Settings, so that neither can lie.

Knows the fields and their descriptions, and no value that anybody has set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from core.errors import ConfigurationError
from core.settings import Settings

_BEGIN, _END = "<!-- settings -->", "<!-- /settings -->"


class Entry(NamedTuple):
    """One setting as people read it; `default` is empty where there is none."""

    key: str
    default: str
    description: str


def entries() -> Iterator[Entry]:
    """Every setting, in the order of Settings."""
    prefix = Settings.model_config.get("env_prefix", "")
    for name, field in Settings.model_fields.items():
        key = str(field.validation_alias or f"{prefix}{name.upper()}")
        yield Entry(key, _shown(field.default), field.description or "")


def dotenv() -> str:
    """The text of `.env.example`: every setting with its default, commented out."""
    lines = [f"# {entry.description}\n# {entry.key}={entry.default}\n" for entry in entries()]
    return "\n".join(["# Copy to .env, and uncomment what you change.\n", *lines])


def table() -> str:
    """The settings as a Markdown table."""
    rows = [
        f"| `{entry.key}` | {f'`{entry.default}`' if entry.default else ''} | {_cell(entry.description)} |\n"
        for entry in entries()
    ]
    return "".join(["| setting | default | what it is |\n", "|---|---|---|\n", *rows])


def with_table(readme: str) -> str:
    """README's text with the table between its markers renewed."""
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ConfigurationError(f"README.md has no place for the settings: put {_BEGIN} and {_END} in it.")
    return f"{before}{begin}\n{table()}{end}{after}"


def write(root: Path) -> None:
    """Renews both files of a checkout."""
    readme = root / "README.md"
    renewed = with_table(readme.read_text(encoding="utf-8"))
    readme.write_text(renewed, encoding="utf-8")
    (root / ".env.example").write_text(dotenv(), encoding="utf-8")


def _shown(default: object) -> str:
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
