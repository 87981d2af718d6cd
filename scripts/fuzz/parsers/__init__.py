"""Parsers under garbage: each is handed bytes that were made of good ones, and may only read them or refuse them.

``targets`` names every parser with its good examples, ``mutating`` spoils them, ``running`` does so for minutes: led by
coverage where Atheris is there, drawn by a seed otherwise.
"""
