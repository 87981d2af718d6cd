"""Pictures of figures: from integers to SVG, with nothing but text in between.

Every function gives a :class:`Picture`: one ``<svg>`` with ``<title>`` and ``<desc>``, classes only (the style is
``pictures.css`` beside this file), whose width is that of the place it stands in. What is drawn is placed in parts of
that width and text keeps its size, so that one picture fits a phone, a desk and a printed page.
"""

from ledger.pictures.bars import bars, stacked
from ledger.pictures.columns import columns
from ledger.pictures.growth import growth
from ledger.pictures.labels import Labels
from ledger.pictures.markup import Picture
from ledger.pictures.style import style
from ledger.pictures.timeline import Event, timeline
from ledger.pictures.tree import Branch, Sibling, branches, path

__all__ = [
    "Branch",
    "Event",
    "Labels",
    "Picture",
    "Sibling",
    "bars",
    "branches",
    "columns",
    "growth",
    "path",
    "stacked",
    "style",
    "timeline",
]
