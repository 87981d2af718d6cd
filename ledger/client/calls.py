"""What makes one definition of a call serve two clients: with `Client` it is done at once, with `AsyncClient` awaited.

A call is written once, as a coroutine method under :class:`call`, or as a method that gives an asynchronous iterator
under :class:`listing`. What it does to the outside it does by the few primitives of :class:`ledger.client.core.Core`.
Those of the blocking client never suspend, so that its coroutines are run to their end by a single step (:func:`run`):
no event loop, no thread. Type checkers know what either client gives, by the overloads here.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

if TYPE_CHECKING:
    from ledger.client.asynchronous import AsyncConnection
    from ledger.client.connection import Connection
    from ledger.client.core import Core

P = ParamSpec("P")
Given = TypeVar("Given")


class call(Generic[P, Given]):  # a decorator, as property is
    """A call with one outcome, of a coroutine method."""

    def __init__(self, made: Callable[Concatenate[Any, P], Coroutine[Any, Any, Given]]) -> None:
        self.made = made
        functools.update_wrapper(self, made)  # type: ignore[arg-type]  # not callable itself, but shown like what it wraps

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, Given]]: ...
    @overload
    def __get__(self, client: Connection, owner: type | None = None) -> Callable[P, Given]: ...
    @overload
    def __get__(
        self, client: AsyncConnection, owner: type | None = None
    ) -> Callable[P, Coroutine[Any, Any, Given]]: ...
    def __get__(self, client: Core | None, owner: type | None = None) -> Callable[..., Any]:
        return self.made if client is None else client._bind(MethodType(self.made, client))


class listing(Generic[P, Given]):
    """A call that gives one thing after the other, of a method that gives an asynchronous iterator."""

    def __init__(self, made: Callable[Concatenate[Any, P], AsyncIterator[Given]]) -> None:
        self.made = made
        functools.update_wrapper(self, made)  # type: ignore[arg-type]

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, P], AsyncIterator[Given]]: ...
    @overload
    def __get__(self, client: Connection, owner: type | None = None) -> Callable[P, Iterator[Given]]: ...
    @overload
    def __get__(self, client: AsyncConnection, owner: type | None = None) -> Callable[P, AsyncIterator[Given]]: ...
    def __get__(self, client: Core | None, owner: type | None = None) -> Callable[..., Any]:
        return self.made if client is None else client._bind_each(MethodType(self.made, client))


def run(made: Coroutine[Any, Any, Given]) -> Given:
    """The outcome of a coroutine that never suspends."""
    try:
        made.send(None)
    except StopIteration as done:
        return cast(Given, done.value)
    made.close()
    raise RuntimeError("A call of the blocking client waited for an event loop.")


def run_each(made: AsyncIterator[Given]) -> Iterator[Given]:
    """What an asynchronous iterator that never suspends gives; it is closed when this one is."""
    try:
        while True:
            try:
                given = run(_next(made))
            except StopAsyncIteration:
                return
            yield given
    finally:
        if isinstance(made, AsyncGenerator):
            run(made.aclose())


async def _next(made: AsyncIterator[Given]) -> Given:
    return await anext(made)
