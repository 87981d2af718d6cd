"""Answers of many become decisions. Pure."""
