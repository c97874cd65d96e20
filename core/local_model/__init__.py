"""`local`: a small chat model that a package ships, behind llama.cpp's OpenAI-compatible server in a child process.

It answers easy questions, invents where it should decline, and needs neither key nor network: made for trying
the whole path of a model that writes. Whoever uses it speaks OpenAI's protocol to it and knows no llama.cpp.
"""

from __future__ import annotations

from core.local_model.order import AT_ONCE, CONTEXT, LOCAL, SLOTS
from core.local_model.process import LocalModel, local_model
from core.local_model.weights import SHA256, require_local_model

__all__ = ["AT_ONCE", "CONTEXT", "LOCAL", "SHA256", "SLOTS", "LocalModel", "local_model", "require_local_model"]
