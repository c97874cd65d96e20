"""The conversation as a LangGraph. Knows neither Ray nor FastAPI, and of ours only `core`."""

from serving.agent.check import CheckedWriter
from serving.agent.extractive import Extractive
from serving.agent.graph import Agent
from serving.agent.models import ModelWriter, writer_for
from serving.agent.state import Closing, Remember, Retrieved, Retriever, Writer

__all__ = [
    "Agent",
    "CheckedWriter",
    "Closing",
    "Extractive",
    "ModelWriter",
    "Remember",
    "Retrieved",
    "Retriever",
    "Writer",
    "writer_for",
]
