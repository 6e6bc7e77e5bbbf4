// Groups, the skills they ask for, and the agents who hold them, as one drawing; a node shows what hangs on it.

import { inWords, t } from "../words.js";

const SVG = "http://www.w3.org/2000/svg";
const ROW = 26;
const WIDTH = 760;
const COLUMNS = { group: [0, 250], skill: [310, 130], agent: [520, 240] };
const MANY = 40;

const make = (name, attributes = {}, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

/** Draw `picture` into `svg`; `chosen` is "kind:id" or "". `choose` is told of a press. */
export function drawPicture(svg, picture, chosen, choose) {
  const nodes = placed(picture);
  const ties = tiesOf(picture, nodes);
  const height = Math.max(...[...nodes.values()].map((node) => node.y)) + ROW;
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  const lines = make("g", { class: "ties" });
  for (const tie of ties) {
    const [from, to] = [nodes.get(tie.from), nodes.get(tie.to)];
    const [x1, x2] = [COLUMNS[from.kind][0] + COLUMNS[from.kind][1], COLUMNS[to.kind][0]];
    const bend = (x2 - x1) / 2;
    tie.line = make("path", { d: `M${x1} ${from.y + 11} C${x1 + bend} ${from.y + 11} ${x2 - bend} ${to.y + 11} ${x2} ${to.y + 11}` });
    lines.append(tie.line);
  }
  const drawn = [...nodes.values()].map((node) => {
    const [x, width] = COLUMNS[node.kind];
    const g = make("g", { class: `node node-${node.kind}`, transform: `translate(${x} ${node.y})`, tabindex: 0, role: "button", "data-key": node.key, "aria-label": `${t(`policy.kind.${node.kind}`)} ${node.label}${node.note ? `, ${node.note}` : ""}` });
    g.append(make("rect", { width, height: 22, rx: 4 }), make("text", { x: 8, y: 15 }, clipped(node.label, width - (node.note ? 62 : 12))));
    if (node.note) g.append(make("text", { x: width - 8, y: 15, class: "note" }, node.note));
    g.append(make("title", {}, node.title ?? node.label));
    g.addEventListener("click", () => choose(node.key));
    g.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(node.key);
      }
    });
    g.addEventListener("pointerenter", () => light(node.key));
    g.addEventListener("pointerleave", () => light(""));
    g.addEventListener("focus", () => light(node.key));
    g.addEventListener("blur", () => light(""));
    return g;
  });
  svg.replaceChildren(lines, ...drawn);

  function light(hovered) {
    const centre = hovered || (nodes.has(chosen) ? chosen : "");
    const lit = centre ? reached(centre, picture, ties) : null;
    svg.classList.toggle("lit", Boolean(lit));
    for (const g of drawn) {
      const key = g.dataset.key;
      g.classList.toggle("on", Boolean(lit?.now.has(key)));
      g.classList.toggle("later", Boolean(lit?.later.has(key) && !lit.now.has(key)));
      g.setAttribute("aria-pressed", String(key === chosen));
    }
    for (const tie of ties) tie.line.classList.toggle("on", Boolean(lit?.now.has(tie.from) && lit.now.has(tie.to)));
  }
  light("");
}

function placed(picture) {
  const nodes = new Map();
  let y = 0;
  let line = "";
  for (const group of [...picture.groups].sort((a, b) => order(a.line.id, b.line.id))) {
    if (line && line !== group.line.id) y += 8;
    line = group.line.id;
    const now = group.reach[0].agents.length;
    const last = group.reach.at(-1).agents.length;
    const note = picture.agents.length ? (last > now ? `${now}→${last}` : String(now)) : "";
    nodes.set(`group:${group.id}`, { key: `group:${group.id}`, kind: "group", y, label: inWords(group), note, title: `${inWords(group)} · ${inWords(group.line)}` });
    y += ROW;
  }
  const skills = [...picture.skills];
  const gap = Math.max(ROW, y / Math.max(skills.length, 1));
  skills.forEach((skill, n) => nodes.set(`skill:${skill.id}`, { key: `skill:${skill.id}`, kind: "skill", y: n * gap, label: inWords(skill) }));
  const staff = crowd(picture.agents);
  staff.forEach((one, n) => nodes.set(`agent:${one.id}`, { key: `agent:${one.id}`, kind: "agent", y: n * Math.max(ROW - 2, Math.min(ROW + 6, y / staff.length)), label: one.name, note: one.note, title: one.title }));
  return nodes;
}

const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Above forty people, those who hold the same skills stand as one. */
function crowd(agents) {
  const titled = (one) => ({ ...one, title: `${one.name}: ${Object.entries(one.skills).map(([skill, level]) => `${skill} ${level}`).join(", ")}` });
  if (agents.length <= MANY) return agents.map(titled);
  const found = new Map();
  for (const one of agents) {
    const key = Object.keys(one.skills).sort().join("+") || "–";
    if (!found.has(key)) found.set(key, { id: one.id, name: key, skills: one.skills, members: [] });
    found.get(key).members.push(one.id);
  }
  return [...found.values()].map((one) => ({ ...one, note: `× ${one.members.length}`, title: one.name }));
}

function tiesOf(picture, nodes) {
  const ties = [];
  for (const group of picture.groups) for (const skill of Object.keys(group.skills)) if (nodes.has(`skill:${skill}`)) ties.push({ from: `group:${group.id}`, to: `skill:${skill}` });
  for (const agent of picture.agents) if (nodes.has(`agent:${agent.id}`)) for (const skill of Object.keys(agent.skills)) if (nodes.has(`skill:${skill}`)) ties.push({ from: `skill:${skill}`, to: `agent:${agent.id}` });
  return ties;
}

/** What hangs on a node: of a group exactly those who may serve it, at once and later; else what touches it. */
function reached(key, picture, ties) {
  const now = new Set([key]);
  const later = new Set();
  const [kind, id] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
  if (kind === "group") {
    const group = picture.groups.find((one) => one.id === id);
    for (const skill of Object.keys(group.skills)) now.add(`skill:${skill}`);
    for (const agent of group.reach[0].agents) now.add(`agent:${agent}`);
    for (const step of group.reach) for (const agent of step.agents) later.add(`agent:${agent}`);
  } else {
    for (const tie of ties) {
      if (tie.from === key) now.add(tie.to);
      if (tie.to === key) now.add(tie.from);
    }
    if (kind === "agent")
      for (const group of picture.groups) {
        if (group.reach[0].agents.includes(id)) now.add(`group:${group.id}`);
        else now.delete(`group:${group.id}`);
        if (group.reach.some((step) => step.agents.includes(id))) later.add(`group:${group.id}`);
      }
  }
  return { now, later };
}

function clipped(text, width) {
  const wide = [...text].map((letter) => (letter.charCodeAt(0) > 0x2e80 ? 13 : 7));
  let sum = 0;
  const cut = wide.findIndex((each) => (sum += each) > width);
  return cut < 0 ? text : `${[...text].slice(0, cut - 1).join("")}…`;
}
