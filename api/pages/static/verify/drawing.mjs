// Pictures of what was checked: the path through the tree, one head inside the next, the block. Sizes are in pixels.

import { html, nothing, svg } from "../vendor/lit-html.js";
import { number, several, t } from "../words.mjs";
import { hex } from "./bytes.mjs";

const WIDTH = 360;
const MIDDLE = WIDTH / 2;
const ROW = 62;
const BOX = { width: 92, height: 26 };
const SIDE = 116;
const SHOWN = 8;

const short = (bytes) => `${hex(bytes).slice(0, SHOWN)}…`;

/** The statement at the bottom, a neighbour on every level, the signed head at the top. */
export function inclusionPicture({ leaf, path, index, size, root }, kind, isRight) {
  const height = (path.length + 2) * ROW + 34;
  const yOf = (level) => height - 58 - level * ROW;
  const isGood = (at) => isRight || at + 1 < path.length;
  const rows = path.map((step, at) => pathRow(step, besides(step, index, size), yOf(at), yOf(at + 1), isGood(at)));
  const top = yOf(path.length);
  const title = t("The path of entry {index} through the tree of {size} entries", { index, size });
  return figure(title, height, svg`
    <line class="way" x1=${MIDDLE} x2=${MIDDLE} y1=${height - 26} y2=${yOf(0) + 13}></line>
    <text class="says" x=${MIDDLE} y=${height - 10}>${kind}</text>
    ${rows}
    ${box(MIDDLE, yOf(0), short(leaf), "mine")}
    ${path.map((step, at) => box(MIDDLE, yOf(at + 1), short(step.computed), isGood(at) ? "mine" : "bad"))}
    <text class=${isRight ? "sign" : "sign bad"} x=${MIDDLE} y=${top - 20}>${isRight ? "=" : "≠"}</text>
    ${box(MIDDLE, top - 47, short(root), isRight ? "head" : "head bad")}
    <text class="says" x=${MIDDLE} y=${top - 68}>${t("signed head of {size} entries", { size })}</text>`);
}

/** How many entries a neighbour stands for: a whole subtree before, or what there is of one after. */
function besides({ side, level }, index, size) {
  const whole = 2n ** BigInt(level);
  const begin = ((index >> BigInt(level)) + 1n) * whole;
  return Number(side === "left" || size - begin > whole ? whole : size - begin);
}

function pathRow({ sibling, side, rises }, count, y, above, isRight) {
  const x = side === "left" ? MIDDLE - SIDE : MIDDLE + SIDE;
  const words = side === "left"
    ? several("{count} entry before", "{count} entries before", count)
    : several("{count} entry after", "{count} entries after", count);
  return svg`
    <path class=${isRight ? "way" : "way bad"} d="M ${MIDDLE} ${y - 13} V ${above + 13}"></path>
    <path class="join" d="M ${x} ${y - 13} Q ${x} ${y - 23} ${x + (side === "left" ? 10 : -10)} ${y - 23} H ${MIDDLE}"></path>
    ${rises ? svg`<text class="rise" x=${MIDDLE + (side === "left" ? 30 : -30)} y=${y - 27}>↑ ${number(rises)}</text>` : nothing}
    ${box(x, y, short(sibling), "other")}
    <text class="small" x=${x} y=${y + 26}>${words}</text>`;
}

function box(x, y, text, kind) {
  return svg`<g class=${`node ${kind}`}>
    <rect x=${x - BOX.width / 2} y=${y - BOX.height / 2} width=${BOX.width} height=${BOX.height} rx="6"></rect>
    <text class="hash" x=${x} y=${y + 4}>${text}</text>
  </g>`;
}

/** The signed head's tree as the beginning of the anchored one's. */
export function consistencyPicture({ old, size, walk }, isRight) {
  const [left, right, base, top] = [30, WIDTH - 30, 150, 34];
  // At least a seventh of the width each, so that both can be seen whatever their sizes.
  const share = old === size ? 1 : Math.min(6 / 7, Math.max(1 / 7, Number((old * 1000n) / size) / 1000));
  const edge = left + (right - left) * share;
  const peak = left + (right - left) / 2;
  const oldTop = base - (base - top) * (0.35 + 0.5 * share);
  return figure(t("The tree of {old} entries is the beginning of the tree of {size}", { old, size }), 200, svg`
    <path class="tree new" d="M ${left} ${base} L ${peak} ${top} L ${right} ${base} Z"></path>
    <path class=${isRight ? "tree old" : "tree old bad"} d="M ${left} ${base} L ${(left + edge) / 2} ${oldTop} L ${edge} ${base} Z"></path>
    <circle class="dot new" cx=${peak} cy=${top} r="5"></circle>
    <circle class=${isRight ? "dot old" : "dot bad"} cx=${(left + edge) / 2} cy=${oldTop} r="5"></circle>
    <text class="says" x=${peak} y=${top - 14}>${t("anchored head of {size} entries", { size })}</text>
    <path class="brace" d="M ${left} ${base + 8} v 6 H ${edge} v -6"></path>
    <text class="says start" x=${left} y=${base + 34}>${t("signed head of {old} entries", { old })}</text>
    ${walk.length ? svg`<text class="small end" x=${right} y=${base + 34}>${several("{count} hash", "{count} hashes", walk.length)}</text>` : nothing}`);
}

/** The block that took the head, among its neighbours. */
export function chainPicture({ block, permanent }) {
  const blocks = [[-1, 40], [0, MIDDLE], [1, WIDTH - 40]];
  return figure(t("Block {block} of the chain holds the head", { block }), 112, svg`
    <path class="way" d="M 0 46 H ${WIDTH}"></path>
    ${blocks.map(([step, x]) => {
      const width = step ? 56 : 128;
      return svg`<g class=${step ? "node other" : "node mine"}>
        <rect x=${x - width / 2} y=${step ? 28 : 16} width=${width} height=${step ? 36 : 60} rx="8"></rect>
        <text class="hash" x=${x} y="50">${step ? "" : number(block)}</text></g>`;
    })}
    <text class="says" x=${MIDDLE} y="100">${permanent ? t("final") : t("not final yet")}</text>`);
}

function figure(title, height, content) {
  return html`<svg class="picture" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label=${title}>${content}</svg>`;
}
