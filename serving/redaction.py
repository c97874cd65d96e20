"""Personal data in what is logged: addresses of mail, telephone and card numbers are replaced by what they were.

For logs only: what a visitor wrote is kept as it is where it belongs, and erased from there.
"""

from __future__ import annotations

import logging
import re
from typing import Any

_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(r"(?<![\w.:/-])(?!\d{4}-\d\d-\d\d)(?:\+|\(?0)[\d()/ -]{7,18}\d(?![\w:])")
_DIGITS = range(9, 16)  # of a telephone number


def redacted(text: str) -> str:
    """The text without them."""
    text = _MAIL.sub("[email]", text)
    text = _CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)
    return _PHONE.sub(lambda found: "[phone]" if len(_digits(found[0])) in _DIGITS else found[0], text)


class RedactingFormatter(logging.Formatter):
    """Redacts the message, and a traceback that quotes what somebody wrote."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """The line, its message redacted."""
        record.message = redacted(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        """The traceback, redacted."""
        return redacted(super().formatException(ei))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_card(text: str) -> bool:
    """Luhn's check, which one number in ten passes by chance."""
    digits = [int(digit) for digit in reversed(_digits(text))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
