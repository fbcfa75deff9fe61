// A row opened: client, wire and server on one axis of time, and the same as a table.

import { WORDS } from "./faults.js";
import { element, seconds } from "./rows.js";

const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 900;
const CLIENT = 130;
const WIRE = 290;
const SERVER = 450;
const TOP = 34;
// Faults by which a request never reaches what would carry it out, though nothing is answered.
const NEVER_DONE = new Set(["refuse", "reset"]);
// Faults by which the client gets another answer in place of its own.
const REPLACED = new Set(["500-after-commit", "502", "503-after-commit", "504"]);

function shape(name, attributes, text = "") {
  const made = document.createElementNS(SPACE, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.textContent = text;
  return made;
}

// Return where each moment stands: in the order of time, with long pauses shortened, so that a second and an hour fit.
function scaleOf(moments) {
  const places = new Map();
  let y = TOP + 16;
  let before = null;
  for (const moment of [...new Set(moments)].sort((one, other) => one - other)) {
    if (before !== null) y += Math.min(64, 24 + 9 * Math.log2(1 + (moment - before) * 20));
    places.set(moment, y);
    before = moment;
  }
  return places;
}

function clock(moment) {
  const form = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" };
  return new Date(moment * 1000).toLocaleTimeString(undefined, form);
}

function came(attempt, kind) {
  if (kind === "effect") return attempt.made ? `done: ${attempt.made}` : "done";
  return {
    replayed: "from memory, not done again", waiting: "told to wait: the first still runs", running: "at work",
    passed: "passed on to the API", refused: "nothing done", read: "read",
  }[kind];
}

function answered(attempt) {
  if (attempt.ended === null) return "no answer yet";
  if (attempt.status === null) return "no answer: the connection was cut";
  if (REPLACED.has(attempt.fault)) return `${attempt.status} in place of its own`;
  return attempt.lost ? `${attempt.status}, lost on its way` : `${attempt.status}`;
}

function arrow(from, to, y, className) {
  const tip = to > from ? -7 : 7;
  return [
    shape("line", { x1: from, y1: y, x2: to, y2: y, class: `arrow ${className}` }),
    shape("path", { d: `M${to} ${y} l${tip} -4 v8 z`, class: `tip ${className}` }),
  ];
}

function drawn(attempt, number, kind, places, start) {
  const at = places.get(attempt.at);
  const ended = attempt.ended === null ? at + 18 : places.get(attempt.ended);
  const reaches = !NEVER_DONE.has(attempt.fault);
  const parts = [
    shape("text", { x: 8, y: at + 4, class: "time" }, number === 1 ? clock(attempt.at) : `+ ${seconds(attempt.at - start)}`),
    shape("text", { x: CLIENT - 12, y: at + 4, class: "number" }, `${number}`),
    ...arrow(CLIENT, reaches ? SERVER : WIRE, at, "request"),
  ];
  if (!reaches) return [...parts, shape("text", { x: WIRE + 8, y: at + 5, class: "cut" }, "✂"), note(at, WORDS[attempt.fault])];
  parts.push(shape("rect", { x: SERVER - 4, y: at, width: 8, height: Math.max(4, ended - at), class: "working" }));
  if (attempt.effect) {
    const y = places.get(attempt.effectAt);
    parts.push(shape("circle", { cx: SERVER, cy: y, r: 7, class: "dot-effect" }), note(y, came(attempt, kind), "good"));
  }
  if (attempt.ended === null) return [...parts, note(ended, "at work")];
  const words = [attempt.effect ? "" : came(attempt, kind), attempt.fault === null ? "" : WORDS[attempt.fault] ?? attempt.fault];
  parts.push(note(ended, words.filter((each) => each).join("; "), attempt.lost ? "bad" : ""));
  if (attempt.lost && !REPLACED.has(attempt.fault)) {
    parts.push(...arrow(SERVER, WIRE, ended, "lost"), shape("text", { x: WIRE - 20, y: ended + 5, class: "cut" }, "✂"));
  } else {
    parts.push(...arrow(SERVER, CLIENT, ended, attempt.lost ? "lost" : kind));
  }
  if (attempt.status !== null) {
    parts.push(shape("text", { x: WIRE + 60, y: ended - 5, class: "status" }, `${attempt.status}`));
  }
  return parts;
}

function note(y, words, className = "") {
  return shape("text", { x: SERVER + 16, y: y + 4, class: `note ${className}` }, words ?? "");
}

function picture(row, kindOf) {
  const moments = row.attempts.flatMap((attempt) => [attempt.at, attempt.effectAt, attempt.ended]).filter((moment) => moment !== null);
  const places = scaleOf(moments);
  const height = Math.max(...places.values()) + 34;
  const image = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img" });
  image.setAttribute("aria-label", `${row.attempts.length} requests between client and server; the table below says the same`);
  for (const [x, name] of [[CLIENT, "client"], [WIRE, "wire"], [SERVER, "server"]]) {
    image.append(shape("text", { x, y: 18, class: "lane" }, name));
    image.append(shape("line", { x1: x, y1: TOP - 8, x2: x, y2: height - 8, class: `life ${name}` }));
  }
  row.attempts.forEach((attempt, index) => image.append(...drawn(attempt, index + 1, kindOf(attempt), places, row.attempts[0].at)));
  return image;
}

function table(row, kindOf) {
  const made = element("table", "");
  const heads = element("tr", "");
  for (const name of ["request", "came in", "what went wrong", "server", "answer", "took", "process"]) {
    const head = element("th", "", name);
    head.scope = "col";
    heads.append(head);
  }
  made.append(heads);
  row.attempts.forEach((attempt, index) => {
    const line = element("tr", "");
    const took = attempt.ended === null ? "" : seconds(attempt.ended - attempt.at);
    const cells = [
      index + 1, clock(attempt.at), attempt.fault ? WORDS[attempt.fault] ?? attempt.fault : "nothing",
      came(attempt, kindOf(attempt)), answered(attempt), took, attempt.process,
    ];
    for (const cell of cells) line.append(element("td", "", `${cell}`));
    made.append(line);
  });
  return made;
}

export function timeline(row, kindOf) {
  return [picture(row, kindOf), table(row, kindOf)].map((part) => {
    const frame = element("div", "frame");
    frame.append(part);
    return frame;
  });
}
