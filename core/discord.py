"""Messages to a Discord channel through its webhook: within Discord's limits, patient with them, pinging nobody.

The webhook's URL is a password: it stands in no log and in no error.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from core.errors import MaybeDeliveredError, NotDeliveredError

_SECONDS = 10.0
_ATTEMPTS = 4
_LONGEST_PAUSE = 30.0  # seconds that Discord may ask us to wait; it is not worth more
_TITLE, _DESCRIPTION, _FIELD_NAME, _FIELD_VALUE, _FIELDS, _TOTAL = 256, 4096, 256, 1024, 25, 6000
_SPECIAL = re.compile(r"([\\`*~|<>\[\]#]|(?<![^\W_])_|_(?![^\W_]))")  # an underscore inside a word marks nothing
_ITEM = re.compile(r"^(\d*)([-+.)])(?=\s|$)")  # of a list
_LINK = re.compile(r"(?<=:)(?=//)|(?<=\bdiscord\.)(?=\w)|(?<=\bdiscordapp\.)(?=\w)", re.IGNORECASE)
_APART = "\u200b"  # no space to see; behind `://` it would be left out of the address, which could still be followed
_STUMBLE = 1.0  # seconds until a server that does not answer is asked again
_BUSY, _BROKEN = 429, 500

logging.getLogger("httpx").setLevel(logging.WARNING)  # below that it logs each URL


@dataclass(frozen=True, slots=True)
class Embed:
    """A message as Discord shows it: Markdown, with a coloured edge, and fields of a name and a value."""

    title: str
    description: str
    color: int
    fields: tuple[tuple[str, str], ...] = ()

    def payload(self) -> dict[str, Any]:
        """As Discord takes it: what is too long is cut, and fields without a value are left out."""
        title, description = shortened(self.title, _TITLE), shortened(self.description, _DESCRIPTION)
        left = _TOTAL - _length(title) - _length(description)
        fields = []
        for name, value in [field for field in self.fields if field[0].strip() and field[1].strip()][:_FIELDS]:
            name, value = shortened(name, _FIELD_NAME), shortened(value, _FIELD_VALUE)
            left -= _length(name) + _length(value)
            if left >= 0:
                fields.append({"name": name, "value": value, "inline": False})
        embed = {"title": title, "description": description, "color": self.color, "fields": fields}
        return {"embeds": [embed], "allowed_mentions": {"parse": []}}


class Webhook:
    """One channel's webhook."""

    def __init__(self, url: SecretStr, *, longest_pause: float = _LONGEST_PAUSE) -> None:
        self._url = url
        self._longest_pause = longest_pause

    def send(self, embed: Embed, *, once: bool = False) -> None:
        """Delivered when it returns; else NotDeliveredError. Waits as long as Discord asks, within reason.

        `once`: what may have arrived though nobody said so is not sent again; MaybeDeliveredError says that.
        """
        may_arrive = retry_if_exception(
            lambda error: _retry_after(error) is not None and not (once and isinstance(error, MaybeDeliveredError))
        )
        retrying = Retrying(retry=may_arrive, wait=_pause, stop=stop_after_attempt(_ATTEMPTS), reraise=True)
        retrying(self._post, embed.payload())

    def _post(self, payload: dict[str, Any]) -> None:
        try:
            url = self._url.get_secret_value()
            answer = httpx.post(url, params={"wait": "true"}, json=payload, timeout=_SECONDS)
        except httpx.HTTPError as error:
            unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            kind = NotDeliveredError if unsent else MaybeDeliveredError
            raise kind(f"Discord cannot be reached ({type(error).__name__}).", retry_after=_STUMBLE) from None
        if answer.status_code == _BUSY:
            raise self._busy(answer)
        if answer.status_code >= _BROKEN:
            raise MaybeDeliveredError(f"Discord answered {answer.status_code}.", retry_after=_STUMBLE)
        if not answer.is_success:
            raise NotDeliveredError(f"Discord answered {answer.status_code}: check the webhook.")

    def _busy(self, answer: httpx.Response) -> NotDeliveredError:
        try:
            seconds = float(answer.headers["retry-after"])
        except (KeyError, ValueError):
            seconds = 1.0
        if not 0 <= seconds <= self._longest_pause:
            return NotDeliveredError(f"Discord takes no more messages for {seconds:,.0f} seconds.")
        return NotDeliveredError("Discord takes no more messages just now.", retry_after=seconds)


def escaped(text: str) -> str:
    """Text that Discord shows as it is, on one line: not marked up, no list, and no address that can be followed."""
    plain = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _LINK.sub(_APART, _ITEM.sub(r"\1\\\2", plain))


def shortened(text: str, most: int) -> str:
    """At most so many characters, as Discord counts them: in UTF-16."""
    if _length(text) <= most:
        return text
    return text.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _retry_after(error: BaseException | None) -> float | None:
    return error.retry_after if isinstance(error, NotDeliveredError) else None


def _pause(state: RetryCallState) -> float:
    return _retry_after(state.outcome.exception() if state.outcome else None) or 0.0
