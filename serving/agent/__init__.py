"""The conversation as a LangGraph. Knows neither Ray nor FastAPI, and of ours only `core`."""

from serving.agent.check import CheckedWriter, checked
from serving.agent.extractive import Extractive
from serving.agent.graph import Agent, unobserved
from serving.agent.models import ModelWriter
from serving.agent.nodes import unlimited
from serving.agent.state import Afford, Closing, Economy, Remember, Retrieved, Retriever, Writer
from serving.agent.tools.dialogue import Caller
from serving.agent.tools.offering import NoTools, Offering
from serving.agent.writers import Writers, writer_for

__all__ = [
    "Afford",
    "Agent",
    "Caller",
    "CheckedWriter",
    "Closing",
    "Economy",
    "Extractive",
    "ModelWriter",
    "NoTools",
    "Offering",
    "Remember",
    "Retrieved",
    "Retriever",
    "Writer",
    "Writers",
    "checked",
    "unlimited",
    "unobserved",
    "writer_for",
]
