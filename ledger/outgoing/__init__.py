"""Requests that the service sends to addresses that others name: webhooks, and questions to platforms.

Whoever names an address might name one inside the operator's own network (server-side request forgery). So a URL is
read strictly (``urls``), the host is resolved once and every address of it judged (``addresses``), the connection goes
to the very address that was judged, and nothing that the other side answers leads anywhere else (``outgoing``).
"""

from ledger.outgoing.outgoing import Answer, Outgoing
from ledger.outgoing.urls import MAX_URL_CHARS, Url, read_url

__all__ = ["MAX_URL_CHARS", "Answer", "Outgoing", "Url", "read_url"]
