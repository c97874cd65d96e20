"""The errors people meet: one root, few leaves, each a sentence that says what happened and what to do.

They carry data and know no protocol: the ingress turns them into HTTP responses, the commands into a line on
the terminal.
"""

from __future__ import annotations

from typing import ClassVar


class FrontdeskError(Exception):
    """The root: `code` is stable and for programs, `message` is a sentence for people."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, param: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        """Cross process borders (Ray, process pools) with every field."""
        return _rebuild, (type(self), self.message, self.param, self.retry_after)


def _rebuild(kind: type[FrontdeskError], message: str, param: str | None, retry_after: float | None) -> FrontdeskError:
    return kind(message, param=param, retry_after=retry_after)


class InvalidInputError(FrontdeskError):
    """What the caller sent cannot be used; `param` names the field."""

    code = "invalid_request"


class NotFoundError(FrontdeskError):
    """A site, build, turn or file that is named does not exist."""

    code = "not_found"


class ConflictError(FrontdeskError):
    """Somebody else got there first, or the same thing is already under way."""

    code = "conflict"


class ExpiredError(FrontdeskError):
    """What was offered is not on offer any more."""

    code = "expired"


class ToolError(FrontdeskError):
    """Somebody else's service did not do what was asked of it; `retry_after` is set where it may yet."""

    code = "tool_unavailable"


class TakenError(ToolError):
    """What was chosen is not to be had any more: nothing was written, and there is something to choose anew."""

    code = "taken"


class UnsureError(ToolError):
    """A service was asked to write and did not say whether it has."""

    code = "uncertain"


class OverloadedError(FrontdeskError):
    """Every place in the queue is taken; `retry_after` seconds from now is a good time."""

    code = "overloaded"


class ModelError(FrontdeskError):
    """A language or embedding model could not be loaded, reached, or understood."""

    code = "model_unavailable"


class ConfigurationError(FrontdeskError):
    """The settings ask for something that cannot work; the message says what to set."""

    code = "bad_configuration"


class UnreadableDocumentError(FrontdeskError):
    """A file that cannot become a document; the message is the reason, without the file's name."""

    code = "unreadable_document"


class IntegrityError(FrontdeskError):
    """A build that lost, doubled or cannot find rows: it must not be promoted."""

    code = "integrity"


class StorageError(FrontdeskError):
    """A disk or a bucket that does not take what is written to it."""

    code = "storage_unavailable"


class NotDeliveredError(FrontdeskError):
    """A message to people did not arrive; `retry_after` is set where it may yet."""

    code = "not_delivered"


class MaybeDeliveredError(NotDeliveredError):
    """A message was sent, and nobody said whether it arrived."""

    code = "maybe_delivered"
