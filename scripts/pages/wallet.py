"""A wallet in the page: an EIP-1193 provider announced by EIP-6963, which signs and sends for real.

Keys stay in Python; the page calls a function that Playwright exposes, so that a strict CSP does not stop it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from playwright.sync_api import BrowserContext

NAME = "Pocket"
_REFUSED = {"code": 4001, "message": "User rejected the request."}
_SCRIPT = """
(() => {
  const listeners = {};
  const provider = {
    request: async ({ method, params }) => {
      const reply = await window.__wallet(JSON.stringify({ method, params: params ?? [] }));
      const { error, result } = JSON.parse(reply);
      if (error) throw Object.assign(new Error(error.message), error);
      return result;
    },
    on: (name, call) => { (listeners[name] ??= []).push(call); return provider; },
    removeListener: (name, call) => { listeners[name] = (listeners[name] ?? []).filter((each) => each !== call); },
  };
  window.__walletEvent = (name, value) => (listeners[name] ?? []).forEach((call) => call(value));
  const info = Object.freeze({
    uuid: "5b0c2b7e-6f7c-4b1a-9a36-0f6d1c7f0a51",
    name: "Pocket",
    icon: "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='32' height='32'/%3E",
    rdns: "test.crowdledger.pocket",
  });
  const announce = () =>
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


@dataclass
class Wallet:
    """A person's wallet. ``chain_id`` is the chain that it is on; ``refuses``: its owner says no to everything."""

    account: LocalAccount
    rpc: str
    chain_id: int
    refuses: bool = False
    asked: list[str] = field(default_factory=list)
    """The methods that the page called, in order."""

    def put_into(self, context: BrowserContext) -> None:
        """Into every page of a browser's context, from its next load on."""
        context.expose_function("__wallet", self._answer)
        context.add_init_script(_SCRIPT)

    def _answer(self, request: str) -> str:
        asked = json.loads(request)
        self.asked.append(asked["method"])
        try:
            return json.dumps({"result": self._result(asked["method"], asked["params"])})
        except _AnsweredError as error:
            return json.dumps({"error": error.body})

    def _result(self, method: str, params: list[Any]) -> Any:
        if self.refuses and method not in ("eth_chainId", "eth_accounts"):
            raise _AnsweredError(_REFUSED)
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return [str(self.account.address)]
            case "eth_chainId":
                return hex(self.chain_id)
            case "wallet_switchEthereumChain":
                self.chain_id = int(params[0]["chainId"], 16)
                return None
            case "personal_sign":
                signable = encode_defunct(hexstr=params[0])
                return "0x" + bytes(self.account.sign_message(signable).signature).hex()
            case "eth_signTypedData_v4":
                typed = encode_typed_data(full_message=json.loads(params[1]))
                return "0x" + bytes(self.account.sign_message(typed).signature).hex()
            case "eth_sendTransaction":
                return self._send(params[0])
            case _:
                return self._ask(method, params)

    def _send(self, wanted: dict[str, Any]) -> str:
        """Sign with this wallet's key, as it would, and send."""
        sender = str(self.account.address)
        if str(wanted["from"]).lower() != sender.lower():
            raise _AnsweredError({"code": 4100, "message": "Not an account of this wallet."})
        call = {
            "from": sender,
            "to": wanted["to"],
            "data": wanted.get("data", "0x"),
            "value": wanted.get("value", "0x0"),
        }
        gas_price = int(self._ask("eth_gasPrice", []), 16)
        transaction: dict[str, Any] = {
            "chainId": self.chain_id,
            "nonce": int(self._ask("eth_getTransactionCount", [sender, "pending"]), 16),
            "gas": int(self._ask("eth_estimateGas", [call]), 16),
            "maxFeePerGas": 2 * gas_price,
            "maxPriorityFeePerGas": min(10**9, gas_price),
            "to": to_checksum_address(wanted["to"]),
            "data": call["data"],
            "value": int(call["value"], 16),
            "type": 2,
        }
        signed = self.account.sign_transaction(transaction)
        return str(self._ask("eth_sendRawTransaction", ["0x" + bytes(signed.raw_transaction).hex()]))

    def _ask(self, method: str, params: list[Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        reply = httpx.post(self.rpc, json=body, timeout=20).json()
        if "error" in reply:
            raise _AnsweredError(reply["error"])
        return reply["result"]


class _AnsweredError(Exception):
    """An error that the wallet answers with."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body.get("message"))
        self.body = body
