"""The outsider's half: mirror a log, replay it against the chain, report; check receipts. It knows no database."""
