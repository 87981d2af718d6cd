// Wallets in the browser: found by EIP-6963 (or the one that old wallets put into the page), spoken to by EIP-1193.

const UNRECOGNISED_CHAIN = 4902;
const REFUSED_BY_PERSON = 4001;
const found = new Map();
const listeners = new Set();

window.addEventListener("eip6963:announceProvider", ({ detail }) => {
  const { info, provider } = detail ?? {};
  if (typeof info?.uuid !== "string" || typeof provider?.request !== "function") return;
  if (found.has(info.uuid)) return;
  found.set(info.uuid, { name: String(info.name ?? "").slice(0, 60), icon: icon(info.icon), provider });
  for (const tell of listeners) tell();
});

/** Only pictures that stand in the announcement itself: nothing is fetched from anywhere. */
function icon(url) {
  return typeof url === "string" && url.startsWith("data:image/") ? url : null;
}

/** All wallets that are known now: `{name, icon, provider}`. */
export function wallets() {
  const all = [...found.values()];
  const old = window.ethereum;
  if (all.length === 0 && typeof old?.request === "function") {
    return [{ name: "", icon: null, provider: old }];
  }
  return all;
}

/** Ask wallets to announce themselves; `tell` is called whenever another one does. */
export function discover(tell) {
  listeners.add(tell);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
}

/** Why a wallet did not do what it was asked: `refused` where the person said no. */
export class WalletError extends Error {
  constructor(reason, cause) {
    super(String(cause?.message ?? reason));
    this.reason = reason;
  }
}

async function request(wallet, method, params) {
  try {
    return await wallet.provider.request({ method, params });
  } catch (error) {
    throw new WalletError(error?.code === REFUSED_BY_PERSON ? "refused" : "failed", error);
  }
}

/** The account that the person lets this page see, lower case. */
export async function account(wallet) {
  const accounts = await request(wallet, "eth_requestAccounts");
  const [first] = Array.isArray(accounts) ? accounts : [];
  if (!/^0x[0-9a-fA-F]{40}$/.test(first ?? "")) throw new WalletError("no-account");
  return first.toLowerCase();
}

/** `text` signed by an account (EIP-191). */
export async function signText(wallet, address, text) {
  const bytes = new TextEncoder().encode(text);
  const hex = `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return request(wallet, "personal_sign", [hex, address]);
}

/** The chain that the wallet is on. */
export async function chainOf(wallet) {
  return Number(await request(wallet, "eth_chainId"));
}

/** Be on a chain, by asking the person to switch. Reasons: `refused`, and `no-chain` where the wallet does not know it. */
export async function useChain(wallet, chainId) {
  if ((await chainOf(wallet)) === chainId) return;
  try {
    await wallet.provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: hexOf(chainId) }] });
  } catch (error) {
    const code = error?.data?.originalError?.code ?? error?.code;
    const reason = code === REFUSED_BY_PERSON ? "refused" : code === UNRECOGNISED_CHAIN ? "no-chain" : "failed";
    throw new WalletError(reason, error);
  }
  if ((await chainOf(wallet)) !== chainId) throw new WalletError("wrong-chain");
}

/** Send a call to a contract, once the person agrees; the transaction's hash. The wallet chooses gas and fees. */
export async function send(wallet, from, to, data) {
  return request(wallet, "eth_sendTransaction", [{ from, to, data, value: "0x0" }]);
}

/** The transaction's receipt, or null while it is not mined. */
export async function receiptOf(wallet, transaction) {
  return request(wallet, "eth_getTransactionReceipt", [transaction]);
}

function hexOf(number) {
  return `0x${number.toString(16)}`;
}
