// What a key can be allowed, and what members are to a platform, in words.

import { mark, t } from "../words.mjs";

export const SCOPES = [
  { scope: "submit", allows: mark("send tasks, contributions and files, and make sign-in links") },
  { scope: "review", allows: mark("see what waits for a judge, review, decide, and resolve appeals") },
  { scope: "settle", allows: mark("ask for settlements") },
  { scope: "admin", allows: mark("open, change and close campaigns, and manage keys and members") },
];

export const ROLES = [
  { role: "owner", name: mark("owner"), does: mark("everything: campaigns, members and keys too") },
  { role: "manager", name: mark("manager"), does: mark("send work, review and decide, ask for settlements") },
  { role: "reviewer", name: mark("reviewer"), does: mark("review, decide, and resolve appeals, in their own name") },
  { role: "treasurer", name: mark("treasurer"), does: mark("see what it costs and ask for settlements") },
  { role: "viewer", name: mark("viewer"), does: mark("see everything that a key can read, and change nothing") },
];

/** What a role is called. */
export function roleName(role) {
  const known = ROLES.find((each) => each.role === role);
  return known ? t(known.name) : role;
}
