"""Schemathesis against a real service: nobody who sends what they like gets an answer that is not described."""
