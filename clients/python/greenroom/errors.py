"""Errors of Greenroom, with the codes of its reference."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class GreenroomError(Exception):
    """A refusal or a failure. Compare its `code`: the reference of error codes says what each means."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after: Optional[float] = None,
        details: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        #: Whether the same request may succeed later.
        self.retryable = retryable
        #: Seconds to wait before that; None: the daemon does not say.
        self.retry_after = retry_after
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
