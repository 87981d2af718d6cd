"""The audit's report as one page that needs nothing else: figures, words, pictures."""
