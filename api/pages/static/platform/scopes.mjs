// What a key can be allowed, in words.

import { mark } from "../words.mjs";

export const SCOPES = [
  { scope: "submit", allows: mark("send tasks, contributions and files, and make sign-in links") },
  { scope: "review", allows: mark("see what waits for a judge, review, decide, and resolve appeals") },
  { scope: "settle", allows: mark("ask for settlements") },
  { scope: "admin", allows: mark("open, change and close campaigns, and manage keys") },
];
