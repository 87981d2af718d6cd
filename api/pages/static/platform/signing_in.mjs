// Signing in as a member of a platform: by a link of the platform, or by a wallet. What comes of it is a session's token.

import { Problem, ask } from "../service.mjs";
import { account, signText } from "../wallet/wallets.mjs";
import { t } from "../words.mjs";

const LINK = /^#link=(ml_[0-9a-f]{64})$/;

/** The sign-in link's token of the address, which is taken out of the address at once; null without one. */
export function takeLink() {
  const found = LINK.exec(location.hash);
  if (!location.hash.startsWith("#link=")) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return found?.[1] ?? "";
}

/** The session's token for a link's. Throws Problem. */
export async function byLink(link) {
  try {
    return (await ask("POST", "/v1/sessions", { body: { token: link } })).token;
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new Problem({
      title: t("This link does not open any more."),
      detail: t("It was used, or its time is over, or it was withdrawn. Ask an owner of your platform for a new one."),
    });
  }
}

/** What a wallet signs to say that it is a member's. Throws Problem. */
export async function signed(wallet) {
  try {
    const address = await account(wallet);
    const { message } = await ask("POST", "/v1/sessions/message", { body: { address, member: true } });
    return { message, signature: await signText(wallet, address, message) };
  } catch (error) {
    throw error.reason ? refusal(error) : error;
  }
}

/** The session's token for what a wallet signed. Throws Problem; `platformsOf` says which it could be of. */
export async function byWallet(said, platform) {
  try {
    return (await ask("POST", "/v1/sessions", { body: platform ? { ...said, platform } : said })).token;
  } catch (error) {
    if (error.status !== 401) throw error;
    throw new Problem({
      title: t("You were not signed in."),
      detail: t("Either this wallet is not a member's, or you waited too long. Try again, or ask an owner of your platform to enter it for you."),
    });
  }
}

/** The platforms of which one must be chosen, `{id, name}`; null where something else went wrong. */
export function platformsOf(error) {
  if (!error.more?.platforms) return null;
  return error.more.platforms.split("\n").map((line) => ({ id: line.slice(0, line.indexOf(" ")), name: line.slice(line.indexOf(" ") + 1) }));
}

function refusal(error) {
  switch (error.reason) {
    case "refused":
      return new Problem({ title: t("You said no in the wallet, so nothing happened.") });
    case "no-account":
      return new Problem({ title: t("The wallet shows this page no account. Unlock it and try again.") });
    default:
      return new Problem({ title: t("The wallet could not do it."), detail: error.message });
  }
}
