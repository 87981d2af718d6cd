"""Time, and work that takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Clock(Protocol):
    """Time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


class Work(Protocol):
    """Long computations without keeping the caller's thread."""

    async def run(self, function: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> _Result:
        """What the function returns; nothing else touches its arguments meanwhile."""
        ...
