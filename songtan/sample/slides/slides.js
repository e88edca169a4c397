/* The slides of the sample lesson as one picture that depends on the time alone: draw(t) returns a text that
   changes exactly when the picture does. make.py gives `lines`, the start and end of each spoken sentence. */
"use strict";

const INK = "#23211f", SOFT = "#5a554e", SNOW = "#f6f4f0", LINE = "#dcd7ce";
const P = "#b8390e", F = "#1f5a94", S = "#1c6b45"; // one colour per quantity, through the whole lesson
let lines = [];

const clamp = (v) => Math.max(0, Math.min(1, v));
const ease = (v) => { const c = clamp(v); return c * c * (3 - 2 * c); };
const mix = (a, b, v) => a + (b - a) * v;
const round = (v) => Math.round(v * 100) / 100;
/* How far an action is that begins `after` seconds into sentence `n` and takes `length` seconds: 0..1. */
const since = (t, n, after = 0, length = 0.6) => ease((t - lines[n].start - after) / length);

const text = (x, y, words, size, more = "") =>
  `<text x="${x}" y="${y}" font-size="${size}" ${more}>${words}</text>`;
/* A part that appears by fading in and rising a little. */
const part = (seen, body, rise = 18) =>
  seen <= 0 ? "" : `<g opacity="${round(seen)}" transform="translate(0 ${round((1 - seen) * rise)})">${body}</g>`;
const arrow = (x, y, length, colour, width = 7) => length < 14 ? "" :
  `<path d="M${x} ${round(y)}v${round(length - 14)}" stroke="${colour}" stroke-width="${width}"/>` +
  `<path d="M${x - 13} ${round(y + length - 18)}h26l-13 20z" fill="${colour}"/>`;
const heading = (seen, words) => part(seen,
  `<rect x="80" y="102" width="10" height="44" fill="${P}"/>` + text(108, 140, words, 44, 'class="serif" font-weight="700"'));
const chip = (x, y, width, words, colour) =>
  `<rect x="${x}" y="${y}" width="${width}" height="46" rx="23" fill="${colour}"/>` +
  `<text x="${x + width / 2}" y="${y + 33}" font-size="25" font-weight="700" text-anchor="middle" style="fill:#fff">${words}</text>`;

function ground(scene) {
  let dots = "";
  for (let i = 0; i < 5; i += 1) {
    dots += `<rect x="${1060 + i * 30}" y="52" width="${i === scene ? 22 : 12}" height="8" rx="4" fill="${i === scene ? P : "#c9c3b8"}"/>`;
  }
  return `<rect width="1280" height="720" fill="${SNOW}"/>` +
    `<path d="M0 668C200 622 390 640 620 662S1060 690 1280 640V720H0z" fill="#ebe7df"/>` +
    `<path d="M0 700C260 660 520 690 760 694S1120 712 1280 684V720H0z" fill="#e2ddd3"/>` +
    text(80, 66, "八年级物理 · 下册 · 第九章", 22, 'class="soft"') + dots;
}

/* A thumbtack with its tip at (x, y). */
const tack = (x, y) =>
  `<path d="M${x - 5} ${y - 92}L${x} ${y}L${x + 5} ${y - 92}z" fill="#8d96a0"/>` +
  `<path d="M${x} ${y - 92}V${y}l5 -92z" fill="#69727c"/>` +
  `<path d="M${x - 62} ${y - 92}q4 -34 62 -36q58 2 62 36z" fill="${P}"/>` +
  `<path d="M${x - 40} ${y - 108}q12 -12 44 -13" stroke="#fff" stroke-opacity=".55" stroke-width="5" fill="none" stroke-linecap="round"/>`;

const wood = (x, y, width, height) => {
  let grain = "";
  for (let i = 1; i < 5; i += 1) {
    grain += `<path d="M${x + 12} ${y + i * height / 5}q${width / 4} ${i % 2 ? -9 : 8} ${width / 2} 0t${width / 2 - 24} 0" fill="none" stroke="#b98a55" stroke-width="2.5"/>`;
  }
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="#d9ae76"/>` + grain;
};

function opening(t) {
  const pressed = ease((t - lines[1].start - 0.5) / 0.7);
  const finger = ease((t - lines[1].start - 2.0) / 0.6);
  const down = pressed * 58;
  return part(since(t, 0, 0.1, 0.8),
    text(80, 250, "压强", 132, 'class="serif" font-weight="900" letter-spacing="10"') +
    text(84, 318, "第 1 节 · 人教版", 30, 'class="soft"')) +
    part(since(t, 1, 0.1), text(84, 424, "图钉扎得进木板，", 38, 'font-weight="700"') +
      text(84, 478, "手指却按不进去。", 38, 'font-weight="700"')) +
    part(since(t, 1, 3.4), text(84, 552, "为什么？", 46, `class="serif" font-weight="900" style="fill:${P}"`)) +
    part(since(t, 0, 0.5, 0.8),
      `<g>${tack(770, 418 + down)}</g>` + wood(650, 418, 240, 150) + wood(950, 418, 240, 150) +
      `<path d="M770 418l-4.2 0l4.2 ${round(down)}l4.2 ${round(-down)}z" fill="#5f432266"/>` +
      // the fingertip: its pad flattens on the wood, and stays above it
      `<g transform="translate(0 ${round(mix(-46, 0, finger))})"><path d="M1030 268V${round(378 - finger * 2)}q0 40 40 40t40 -40V268q-40 -22 -80 0z" fill="#efbf9c"/>` +
      `<path d="M1046 384q0 -34 24 -34t24 34q-24 -10 -48 0z" fill="#f9dcc8"/></g>`) +
    part(pressed, `<g transform="translate(0 ${round(down)})">${arrow(770, 204, 80, F)}</g>` + text(792, 246, "F", 34, `class="math" style="fill:${F}"`), 0) +
    part(finger, arrow(1070, 166, 80, F) + text(1092, 208, "F", 34, `class="math" style="fill:${F}"`), 0) +
    part(since(t, 1, 1.3, 0.4), chip(712, 588, 116, "扎进去", S)) +
    part(since(t, 1, 3.0, 0.4), chip(1000, 588, 140, "进不去", SOFT));
}

/* A sponge whose top gives way by `depth` under each [from, to]. */
function sponge(x, y, width, depth, loads) {
  let top = `M${x} ${y}`;
  loads.forEach(([from, to]) => {
    const shoulder = Math.min(34, 12 + depth * 0.6);
    top += `H${from - shoulder}C${from - shoulder / 2} ${y} ${from - 4} ${round(y + depth)} ${from} ${round(y + depth)}H${to}` +
      `C${to + 4} ${round(y + depth)} ${to + shoulder / 2} ${y} ${to + shoulder} ${y}`;
  });
  let holes = "";
  for (let i = 0; i < 26; i += 1) {
    const hx = x + 14 + (i * 67) % (width - 28), hy = y + 66 + (i * 37) % 62;
    holes += `<ellipse cx="${hx}" cy="${hy}" rx="${4 + i % 4}" ry="${3 + i % 3}" fill="#dba32e"/>`;
  }
  return `<path d="${top}H${x + width}V${y + 142}q0 8 -8 8H${x + 8}q-8 0 -8 -8z" fill="#f0c252" stroke="#c78f1f" stroke-width="3"/>` + holes;
}

const weight = (x, y) => `<path d="M${x - 34} ${y}v-52q0 -8 8 -8h18v-14h16v14h18q8 0 8 8v52z" fill="#5d6670"/>` +
  `<rect x="${x - 34}" y="${y - 14}" width="68" height="8" fill="#474f58"/>`;
const tableUp = (x, y) => `<g fill="#8a5a33"><rect x="${x - 92}" y="${y - 84}" width="184" height="18" rx="4"/>` +
  `<rect x="${x - 80}" y="${y - 70}" width="16" height="70"/><rect x="${x + 64}" y="${y - 70}" width="16" height="70"/></g>`;
const tableOver = (x, y) => `<g fill="#8a5a33"><rect x="${x - 92}" y="${y - 18}" width="184" height="18" rx="4"/>` +
  `<rect x="${x - 80}" y="${y - 84}" width="16" height="70"/><rect x="${x + 64}" y="${y - 84}" width="16" height="70"/></g>`;

function experiment(t) {
  const top = 400;
  const stand = (n, x, depth, loads, body, label) => {
    const seen = since(t, n, 0.1), sunk = ease((t - lines[n].start - 0.9) / 0.9) * depth;
    return part(seen, `<g transform="translate(0 ${round(sunk - (1 - ease((t - lines[n].start - 0.4) / 0.5)) * 40)})">${body}</g>` +
      sponge(x - 160, top, 320, sunk, loads) + text(x, 612, label, 26, 'text-anchor="middle" class="soft"'));
  };
  const legs = (x) => [[x - 80, x - 64], [x + 64, x + 80]];
  const found = (n, x, words, colour) => part(since(t, n, 2.0, 0.5), chip(x - 118, 196, 236, words, colour));
  return heading(since(t, 1 + 1, 0), "压力的作用效果与什么有关") +
    stand(2, 240, 16, legs(240), tableUp(240, top), "甲　小桌") +
    stand(3, 640, 46, legs(640), tableUp(640, top) + weight(640, top - 84), "乙　小桌 ＋ 砝码") +
    stand(4, 1040, 13, [[948, 1132]], tableOver(1040, top) + weight(1040, top - 18), "丙　翻过来 ＋ 砝码") +
    found(3, 640, "压力大，陷得深", F) + found(4, 1040, "面积大，陷得浅", S);
}

const symbol = (x, y, letter, colour, size) => `<text x="${x}" y="${y}" font-size="${size}" class="math" text-anchor="middle" style="fill:${colour}">${letter}</text>`;
const fraction = (x, y, size) => symbol(x, y - size * 0.28, "F", F, size) + symbol(x, y + size * 0.98, "S", S, size) +
  `<path d="M${x - size * 0.5} ${y + size * 0.1}h${size}" stroke="${INK}" stroke-width="${size / 22}"/>`;

function formula(t) {
  const row = (seen, y, letter, words, unit, colour) => part(seen,
    symbol(672, y, letter, colour, 52) + text(722, y, words, 34, 'font-weight="700"') + text(1180, y, unit, 34, `text-anchor="end" style="fill:${colour}" font-weight="700"`) +
    `<path d="M640 ${y + 26}h552" stroke="${LINE}" stroke-width="2"/>`);
  return heading(since(t, 5, 0), "压强的定义") +
    part(since(t, 5, 0.3), `<rect x="80" y="206" width="480" height="330" rx="20" fill="#fff" stroke="${LINE}" stroke-width="2"/>` +
      symbol(190, 396, "p", P, 130) + text(300, 396, "＝", 64, 'text-anchor="middle"') + fraction(440, 362, 122)) +
    part(since(t, 5, 1.2), text(640, 234, "压强 ＝ 压力 ÷ 受力面积", 38, 'class="serif" font-weight="700"')) +
    row(since(t, 6, 0.1), 326, "F", "压力", "牛（N）", F) +
    row(since(t, 6, 1.7), 410, "S", "受力面积", "平方米（m²）", S) +
    row(since(t, 6, 4.0), 494, "p", "压强", "帕斯卡（Pa）", P) +
    part(since(t, 6, 5.0), text(640, 572, "1 Pa ＝ 1 N/m²", 34, 'class="digits"') +
      text(80, 592, "成人站立时对地面的压强约 1.5 × 10⁴ Pa", 25, 'class="soft"'));
}

function example(t) {
  const card = (n, after, y, name, area, sum, result, colour) => {
    const seen = since(t, n, after);
    return part(seen, `<rect x="470" y="${y}" width="730" height="164" rx="18" fill="#fff" stroke="${LINE}" stroke-width="2"/>` +
      text(500, y + 52, name, 32, 'font-weight="700"') +
      text(1170, y + 52, area, 29, `text-anchor="end" style="fill:${S}" font-weight="700"`)) +
      part(since(t, n, after + 1.7), text(500, y + 124, sum, 28, 'class="soft"') +
        text(1170, y + 126, result, 40, `text-anchor="end" style="fill:${colour}" font-weight="700"`));
  };
  const pressed = ease((t - lines[7].start - 0.4) / 0.8) * 44;
  const ring = since(t, 8, 0.2);
  return heading(since(t, 7, 0), "算一算：按图钉") +
    part(since(t, 7, 0.1), tack(260, 440 + pressed) + wood(110, 440, 300, 130) +
      `<path d="M256.5 440h7l-3.5 ${round(pressed)}z" fill="#5f432288"/>` + arrow(260, 208 + pressed, 98, F, 9) +
      text(288, 250, "F ＝ 10 N", 32, `style="fill:${F}" font-weight="700"`)) +
    part(since(t, 7, 2.0, 0.4), `<path d="M198 ${round(346 + pressed)}q4 -34 62 -36q58 2 62 36" fill="none" stroke="${S}" stroke-width="8" stroke-linecap="round"/>`, 0) +
    part(ring, `<circle cx="260" cy="${round(440 + pressed)}" r="${round(mix(60, 24, ring))}" fill="none" stroke="${P}" stroke-width="6"/>`, 0) +
    card(7, 1.7, 190, "钉帽", "S ＝ 1 cm² ＝ 1 × 10⁻⁴ m²", "p ＝ 10 N ÷ (1 × 10⁻⁴ m²)", "1 × 10⁵ Pa", INK) +
    card(8, 0.2, 376, "钉尖", "S ＝ 0.05 mm² ＝ 5 × 10⁻⁸ m²", "p ＝ 10 N ÷ (5 × 10⁻⁸ m²)", "2 × 10⁸ Pa", P) +
    part(since(t, 8, 4.6, 0.5), chip(1010, 562, 190, "2000 倍！", P)) +
    part(since(t, 7, 1.7), text(470, 594, "图钉受到的重力忽略不计", 22, 'class="soft"'));
}

const knife = (x, y) => `<path d="M${x - 120} ${y - 34}h168v68h-120q-40 -10 -48 -68z" fill="#aab3bc"/>` +
  `<path d="M${x - 118} ${y - 20}q10 46 46 54h120v-12h-116q-34 -8 -50 -42z" fill="#e4e9ee"/><rect x="${x + 48}" y="${y - 36}" width="96" height="40" rx="12" fill="${INK}"/>`;
const bag = (x, y) => `<path d="M${x - 66} ${y - 46}q-34 60 -8 122M${x + 66} ${y - 46}q34 60 8 122" fill="none" stroke="${P}" stroke-width="24" stroke-linecap="round"/>` +
  `<rect x="${x - 62}" y="${y - 70}" width="124" height="154" rx="28" fill="${F}"/><rect x="${x - 42}" y="${y + 8}" width="84" height="56" rx="12" fill="#174673"/>` +
  `<path d="M${x - 22} ${y - 70}q0 -24 22 -24t22 24" fill="none" stroke="${INK}" stroke-width="9"/>`;

function ending(t) {
  const card = (n, x, sign, effect, body, words) => part(since(t, n, 0.1),
    `<rect x="${x}" y="182" width="540" height="348" rx="20" fill="#fff" stroke="${LINE}" stroke-width="2"/>` +
    text(x + 36, 244, sign, 33, `style="fill:${S}" font-weight="700"`) +
    text(x + 504, 244, effect, 33, `style="fill:${P}" font-weight="700" text-anchor="end"`) +
    `<path d="M${x + 36} 272h468" stroke="${LINE}" stroke-width="2"/>`) +
    part(since(t, n, 2.2), body + text(x + 270, 500, words, 28, 'text-anchor="middle"'));
  return heading(since(t, 9, 0), "怎样改变压强") +
    card(9, 80, "受力面积减小", "压强增大 ↑", knife(350, 376), "刀刃磨得薄") +
    card(10, 660, "受力面积增大", "压强减小 ↓", bag(930, 374), "书包带做得宽") +
    part(since(t, 11, 0.1), text(640, 596, "想一想：滑雪板、铁轨下的枕木、啄木鸟的嘴，各是哪一种？", 31, 'text-anchor="middle" class="serif" font-weight="700"'));
}

/* The teacher's pointer: where it is, by sentence and seconds into it. */
const POINTS = [[2, 0.9, 240, 420], [3, 0.2, 640, 300], [3, 1.6, 640, 440], [4, 0.6, 1040, 320], [4, 2.6, 1040, 420],
  [5, 0.6, 440, 300], [5, 1.4, 440, 450], [5, 2.4, 190, 440], [6, 0.2, 1216, 314], [6, 1.9, 1216, 398], [6, 4.1, 1216, 482],
  [7, 0.4, 270, 290], [7, 2.0, 300, 372], [7, 4.0, 1076, 336], [8, 0.3, 262, 486], [8, 2.8, 1076, 522], [9, 0.6, 400, 232], [9, 2.5, 300, 400],
  [10, 0.6, 980, 232], [10, 2.5, 870, 380], [11, 0.4, 640, 626]];

function pointer(t) {
  let x = 640, y = 560;
  POINTS.forEach(([n, after, px, py]) => {
    const v = ease((t - lines[n].start - after) / 0.7);
    x = mix(x, px, v); y = mix(y, py, v);
  });
  const seen = since(t, 2, 0.8, 0.4) * (1 - ease((t - lines[11].end) / 0.5));
  return seen <= 0 ? "" : `<g opacity="${round(seen)}"><circle cx="${round(x)}" cy="${round(y)}" r="19" fill="#ff5a1f" opacity=".22"/>` +
    `<circle cx="${round(x)}" cy="${round(y)}" r="9" fill="#ff5a1f" stroke="#fff" stroke-width="3"/></g>`;
}

const SCENES = [[0, opening], [2, experiment], [5, formula], [7, example], [9, ending]];

function draw(t) {
  let now = 0;
  SCENES.forEach(([n], i) => { if (t >= lines[n].start - 0.25) { now = i; } });
  const [first, scene] = SCENES[now];
  const after = SCENES[now + 1];
  const leaving = after ? ease((t - lines[after[0]].start + 0.65) / 0.4) : 0;
  const picture = ground(now) + `<g opacity="${round(1 - leaving)}">${scene(t)}</g>` + (first ? pointer(t) : "");
  const stage = document.getElementById("stage");
  if (stage.dataset.now !== picture) { stage.innerHTML = picture; stage.dataset.now = picture; }
  return picture;
}
