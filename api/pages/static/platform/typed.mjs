// What people type as amounts and scores, in Latin, Persian or Arabic digits; exact, without floating point.

/** Base units of a typed amount, as decimal digits; null where it is no amount of a unit with `decimals`. */
export function baseUnits(typed, decimals) {
  const match = /^(\d{1,40})(?:\.(\d+))?$/.exec(latin(typed).replace(/[\s'_\u066c]/g, ""));
  if (!match || (match[2] ?? "").length > decimals) return null;
  return BigInt(match[1] + (match[2] ?? "").padEnd(decimals, "0")).toString();
}

/** A score as the service takes it, "0" to "1" with at most six digits; null where what was typed is none. */
export function score(typed) {
  const plain = latin(typed).trim().replace(",", ".");
  const match = /^([01])(?:\.(\d{1,6}))?$/.exec(plain.startsWith(".") ? `0${plain}` : plain);
  if (!match) return null;
  const rest = (match[2] ?? "").replace(/0+$/, "");
  if (match[1] === "1" && rest) return null;
  return rest ? `${match[1]}.${rest}` : match[1];
}

function latin(typed) {
  return typed
    .replace(/[\u06f0-\u06f9]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0x6f0 + 48))
    .replace(/[\u0660-\u0669]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0x660 + 48))
    .replace(/\u066b/g, ".");
}
