"""What can be done for a visitor: book a meeting, call a person. Nothing is written before the visitor's yes."""

from serving.agent.tools.tool import Tool
from serving.agent.tools.toolbox import Toolboxes

__all__ = ["Tool", "Toolboxes"]
