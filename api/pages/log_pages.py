"""Pages about the log itself: an entry with its proof, the tree, the anchors."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BeforeValidator
from starlette.requests import Request
from starlette.responses import Response

from api import cursors
from api.pages import tree_views, words
from api.pages.charts import labels
from api.pages.contributor import explorer
from api.pages.kind_words import kind_words, named
from api.pages.languages import number, plain, text
from api.pages.rendering import page
from api.pages.tree_views import Side, Span
from api.reads import anchors
from api.reads.anchors import Anchored
from api.routes.receipts import known_index
from api.service import service_of
from api.states import state_of
from ledger.errors import NotFoundError
from ledger.pictures import Branch, Event, Picture, Sibling, branches, path, timeline
from ledger.statements.values import MAX_COUNT, time_ms
from ledger.tree.merkle import NodeReader, leaf_hash

router = APIRouter()
_ANCHORS: Final = 50
_HASH_SHOWN: Final = 8
_MAX_LEVEL: Final = 63


@router.get("/e/{index}")
async def entry_page(index: str, request: Request) -> Response:
    """An entry: what it says, how it is proved to be in the log, what stands beside it, and its receipt."""
    service = service_of(request)
    own = await known_index(service, index)
    head = await service.reader.head()
    (data,) = await service.reader.statements(own, own + 1)
    statement = json.loads(data)
    beside = await anchors.entry_lines(service.reads, [own - 1, own + 1])
    siblings = tree_views.siblings_of(own, head.size)
    proof = await service.reader.inclusion(own, head.size)
    state = state_of(await service.anchor.get(), own)
    return page(
        request,
        "entry.html",
        index=own,
        size=head.size,
        kind=statement["kind"],
        kind_words=kind_words(statement["kind"]),
        at_ms=time_ms(statement["at"]),
        statement=statement,
        named=list(named(statement)),
        digest=hashlib.sha256(data).hexdigest(),
        leaf=leaf_hash(data).hex(),
        root=(await service.reader.root_at(head.size)).hex(),
        state=state,
        state_words=words.state(state),
        anchor=await anchors.first_covering(service.reads, own),
        explorer=explorer(service),
        proof=[(span_words(span), each.hex()) for (_, span), each in zip(siblings, proof, strict=True)],
        picture=_way(own, head.size, siblings, proof),
        before=next(((at, kind_words(kind)) for at, kind, _ in beside if at < own), None),
        after=next(((at, kind_words(kind)) for at, kind, _ in beside if at > own), None),
    )


def _way(index: int, size: int, siblings: list[tuple[Side, Span]], proof: list[bytes]) -> Picture:
    shown = [
        Sibling(side, f"{span_words(span)} · \u2066{each.hex()[:_HASH_SHOWN]}…\u2069", each.hex())
        for (side, span), each in zip(siblings, proof, strict=True)
    ]
    return path(
        shown,
        statement=text("Entry {index}", index=index),
        root=text("Root of {size} entries", size=size),
        title=text("The way of entry {index} to the root", index=index),
        desc=text(
            "At each step the hash so far and the hash beside it are hashed together, until the root is reached."
        ),
    )


def span_words(span: Span) -> str:
    """Which entries hang on a node."""
    if span.width == 1:
        return text("Entry {index}", index=span.begin)
    return text("Entries {first} to {last}", first=span.begin, last=span.end - 1)


@router.get("/tree")
async def tree_page(
    request: Request,
    level: Annotated[int | None, Query(ge=0, le=_MAX_LEVEL)] = None,
    n: Annotated[int, Query(ge=0, le=MAX_COUNT)] = 0,
    entry: Annotated[int | None, Query(ge=0, le=MAX_COUNT), BeforeValidator(plain)] = None,
) -> Response:
    """The log as a tree: a branch of it with three levels of what grows on it, and the tiles that it is kept in."""
    service = service_of(request)
    size = (await service.reader.head()).size
    if entry is not None:
        if entry >= size:
            raise NotFoundError(f"The log has {size} entries, the last one is {size - 1}.")
        way = tree_views.ways_to(entry, size)
        top = way[max(0, len(way) - 1 - tree_views.UNFOLDED)]
    else:
        found = Span(0, size) if level is None else tree_views.span_of(level, n, size)
        if found is None:
            raise NotFoundError(
                f"The tree of {size} entries has no node {n} at level {level}.", remedy="Begin at /tree."
            )
        top = found
    spans = list(tree_views.unfold(top))
    read = await service.reader.nodes(tree_views.nodes_of(spans))
    drawn = _Drawing(service.base, read, entry)
    return page(
        request,
        "tree.html",
        size=size,
        top=top,
        top_words=span_words(top),
        entry=entry,
        above=[(span_words(each), drawn.link(each)) for each in tree_views.ways_above(top, size)[:-1]],
        picture=branches(
            drawn.branch(top, tree_views.UNFOLDED),
            title=span_words(top),
            desc=text("A node is the hash of the two below it. Follow one to see what hangs on it."),
        ),
        rows=[
            (span_words(each), "" if each is top else drawn.link(each), each, tree_views.hash_of(each, read).hex())
            for each in spans
        ],
        tiles=tree_views.tile_rows(size),
    )


class _Drawing:
    """Makes branches out of spans. Links stay within the log at ``base``."""

    def __init__(self, base: str, read: NodeReader, sought: int | None) -> None:
        self._base, self._read, self._sought = base, read, sought

    def link(self, span: Span) -> str:
        """Where a node is shown: an entry has a page of its own."""
        if span.width == 1:
            return f"{self._base}/e/{span.begin}"
        return f"{self._base}/tree?level={span.level}&n={span.number}"

    def branch(self, span: Span, levels: int) -> Branch:
        """A node with ``levels`` of what is below it."""
        is_sought = self._sought is not None and span.begin <= self._sought < span.end
        below = span.halves() if levels and span.width > 1 else ()
        return Branch(
            label=span_words(span),
            told=f"{span_words(span)}: {tree_views.hash_of(span, self._read).hex()}",
            href=self.link(span),
            kind="sought" if is_sought else "whole" if span.is_whole else "growing",
            below=tuple(self.branch(half, levels - 1) for half in below),
        )


@router.get("/anchors")
async def anchors_page(request: Request, cursor: Annotated[str | None, Query(max_length=40)] = None) -> Response:
    """When the log was anchored on the chain, the newest first."""
    service = service_of(request)
    rows, more = await anchors.list_anchors(service.reads, cursors.decode(cursor), _ANCHORS)
    place = service.deployment
    return page(
        request,
        "anchors.html",
        rows=rows,
        more=cursors.encode(more),
        is_first=cursor is None,
        count=await anchors.count_anchors(service.reads),
        size=(await service.reader.head()).size,
        last=await service.anchor.get(),
        place=place,
        interval=int(service.config.anchor_interval_seconds),
        longest=int(service.config.anchor_max_age_seconds),
        explorer=explorer(service),
        picture=_times(rows),
    )


def _times(rows: list[Anchored]) -> Picture:
    events = [
        Event(
            row.covered_ms,
            number(row.size),
            text("Permanent") if row.finalized else text("Anchored, not final yet"),
            f"#a{row.size}",
        )
        for row in rows
        if row.covered_ms is not None
    ]
    return timeline(
        events,
        title=text("Anchors over time"),
        desc=text("Each dot is an anchor, at the time of the newest entry that it covers."),
        labels=labels(),
    )
