"""Reading what platforms write: tables, JSON, sheets; dates, money and digits as people write them.

Everything is read as a stream in bounded memory, and whatever is wrong with one row is said of that row alone.
"""
