"""Pages for people: plain HTML without scripts, quick on a phone, in light and dark."""
