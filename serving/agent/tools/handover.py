"""The tool that calls a person: a message to a Discord channel, with who wrote and how to answer.

Discord has no way to send the same message twice and have it arrive once. So one whose fate nobody knows is not sent
again, and the visitor is told.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from itertools import dropwhile

from pydantic import SecretStr

from core.discord import Embed, Webhook, escaped
from core.errors import MaybeDeliveredError, NotDeliveredError, ToolError, UnsureError
from core.records import ActionKind, FormField
from serving.agent.tools.details import MAIL, PHONE, with_values
from serving.agent.tools.intents import says_nothing
from serving.agent.tools.tool import Details

logger = logging.getLogger(__name__)

NAME = "talk_to_a_person"

_PIECES = re.compile(r"[,;]\s|\n")
_COLOR = 0x1F6F5C
_LONGEST_PAUSE = 5.0  # seconds that a visitor waits for Discord
_LATER = "Your message could not be sent just now. Please try again in a moment."
_UNSURE = (
    "I cannot tell whether your message arrived, and did not send it again. If nobody answers, please write to us in "
    "another way."
)


class HandoverTool:
    """Sends visitors' messages to one channel, as those of the site with that title."""

    name = NAME
    form: ActionKind = "handoff"
    invitation = "Talk to a person"
    settles = False

    def __init__(self, webhook: SecretStr, site: str, *, longest_pause: float = _LONGEST_PAUSE) -> None:
        self._webhook = Webhook(webhook, longest_pause=longest_pause)
        self._site = site

    async def fields(self, known: Details) -> tuple[FormField, ...]:
        """Who writes, and what about."""
        asked = (
            FormField("name", "Your name", "text", longest=100),
            FormField("email", "Your e-mail address", "email", longest=254),
            FormField("message", "Your message", "long", longest=1000),
        )
        return with_values(asked, known)

    def hears(self, text: str, offered: Sequence[FormField]) -> tuple[Details, str]:
        """What goes behind the message that is there; with an address or a number, it is surely meant for a person."""
        pieces = [stripped for piece in _PIECES.split(text) if (stripped := piece.strip(" .,;"))]
        said = ", ".join(dropwhile(says_nothing, pieces))
        told = next((field.value for field in offered if field.name == "message"), "")
        heard = {"message": "\n".join(filter(None, [told, said]))} if said and said not in told else {}
        return heard, "" if MAIL.search(text) or PHONE.search(text) else text

    def title(self, details: Details) -> str:
        """The message's way in one line."""
        return f"Send your message to a person, who will answer {details['name']} at {details['email']}"

    async def run(self, key: str, details: Details) -> str:
        """Sends it once."""
        try:
            await asyncio.to_thread(self._webhook.send, self._embed(key, details), once=True)
        except MaybeDeliveredError as error:
            logger.warning("A visitor's message for a person may be lost: %s", error.message)
            raise UnsureError(_UNSURE) from None
        except NotDeliveredError as error:
            logger.error("A visitor's message for a person was not sent: %s", error.message)  # noqa: TRY400
            raise ToolError(_LATER, retry_after=error.retry_after) from None
        return f"Your message is on its way to a person, who will answer you at {details['email']}."

    async def settle(self, key: str, details: Details) -> str | None:
        """Nobody can tell."""
        raise UnsureError(_UNSURE)

    def _embed(self, key: str, details: Details) -> Embed:
        return Embed(
            f"{self._site}: a visitor asks for a person",
            "\n".join(map(escaped, details["message"].splitlines())),
            _COLOR,
            (("Name", escaped(details["name"])), ("E-mail", escaped(details["email"])), ("Reference", key)),
        )
