"""Whose wallet is in force, in the slow reference."""

from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.statements.sign_in import parse
from tests.unit.book.story import ORIGIN


class Wallets:
    """A part of ``Reference``."""

    def link(self, index, at, said):
        latest, wallet = self.links.get(said.contributor), self.in_force.get(said.contributor)
        if parse(said.message).replaces != (latest["index"] if latest else None) or said.contributor not in self.people:
            return False
        mine = [work for work in self.works.values() if work.said.contributor == said.contributor]
        signed = min(mine, key=lambda work: work.index).said.signature if mine else None
        author = signed.address if signed else None
        if said.consent is not None and not self.is_by(said.message, said.consent, wallet or author):
            return False
        if wallet is None and author and said.address != author and said.consent is None:
            return False
        objects = wallet is not None and said.consent is None
        link = {"index": index, "due": at + self.delay, "address": said.address, "before": wallet, "objects": objects}
        self.links[said.contributor] = link
        return True

    def object_to_link(self, index, at, said):
        link = self.links.get(said.contributor)
        if link is None or link["index"] != said.link or at > link["due"] or not link["objects"]:
            return False
        words = (
            f"I object to the link in entry {said.link} of the log {ORIGIN}, which would pay contributor "
            f"{said.contributor} to another wallet. It shall wait twice as long."
        )
        if not self.is_by(words, said.signature, link["before"]):
            return False
        link["objects"] = False
        link["due"] += self.delay
        return True

    @staticmethod
    def is_by(text, signature, wallet):
        return (
            wallet is not None
            and Account.recover_message(encode_defunct(text=text), signature=signature).lower() == wallet
        )
