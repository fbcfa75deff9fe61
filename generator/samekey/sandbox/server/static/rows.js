// What happened, gathered by key: each key becomes a row. Text is set as text, never as markup.

import { WORDS } from "./faults.js";
import { timeline } from "./timeline.js";

export const find = (id) => document.getElementById(id);

export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

export function seconds(span) {
  if (span < 1) return `${Math.round(span * 1000)} ms`;
  return span < 100 ? `${span.toFixed(1)} s` : `${Math.round(span / 60)} min`;
}

export class Rows {
  constructor() {
    this.api = { repeatable: new Set(), isProxy: false };
    this.forget();
  }

  forget() {
    this.rows = new Map();
    this.byAttempt = new Map();
    this.stale = new Set();
    this.accounts = new Map();
  }

  take(event) {
    const row = this.rowOf(event);
    const attempt = this.attemptOf(event, row);
    this.stale.add(row);
    if (event.kind === "arrived") attempt.at = Math.min(attempt.at, event.at);
    if (event.kind === "fault") attempt.fault = event.fault;
    if (event.kind === "effect") Object.assign(attempt, { effect: true, effectAt: event.at, made: event.detail });
    if (event.kind === "answered" || event.kind === "lost") {
      Object.assign(attempt, { ended: event.at, status: event.status, lost: event.kind === "lost", how: event.detail || "own" });
    }
  }

  rowOf(event) {
    const name = event.key === null ? `attempt ${event.attempt}` : `${event.scope} ${event.key}`;
    if (!this.rows.has(name)) {
      if (!this.accounts.has(event.scope)) this.accounts.set(event.scope, this.accounts.size + 1);
      this.rows.set(name, {
        key: event.key, operation: event.operation, account: this.accounts.get(event.scope), attempts: [], newest: event.at,
        shown: null, open: false,
      });
    }
    return this.rows.get(name);
  }

  attemptOf(event, row) {
    if (!this.byAttempt.has(event.attempt)) {
      const attempt = {
        at: event.at, ended: null, fault: null, effect: false, effectAt: null, made: "", how: "running", status: null, lost: false,
        process: event.process, reads: /^(GET|HEAD|OPTIONS) /.test(event.operation),
      };
      this.byAttempt.set(event.attempt, attempt);
      row.attempts.push(attempt);
      row.attempts.sort((one, other) => one.at - other.at);
      row.newest = Math.max(row.newest, event.at);
    }
    return this.byAttempt.get(event.attempt);
  }

  // What the attempt came to; a proxy cannot see what the API behind it does: it tells what was passed on.
  kindOf(attempt) {
    if (attempt.effect) return "effect";
    if (attempt.how === "replayed") return "replayed";
    if (attempt.how === "in flight" || (attempt.how === "fault" && attempt.status === 409)) return "waiting";
    if (attempt.how === "running") return "running";
    if (this.api.isProxy && !attempt.reads && attempt.how === "own" && (attempt.lost || attempt.status < 400)) return "passed";
    return attempt.how === "own" && attempt.status !== null && attempt.status < 400 ? "read" : "refused";
  }

  // The kind of verdict, the verdict, and what explains it.
  verdictOf(row) {
    const effects = row.attempts.filter((attempt) => attempt.effect).length;
    const count = row.attempts.length;
    const asked = count === 1 ? "asked for once" : `asked for ${count} times`;
    if (effects > 1) return ["twice", `done ${effects} times!`, asked];
    if (effects === 1 && row.key === null) {
      return this.mayRepeat(row.operation)
        ? ["once", "done", "needs no key: a retry changes nothing"] : ["bare", "done", "no key: a retry would do it again"];
    }
    if (effects === 1) return ["once", "done once", asked];
    if (this.api.isProxy && row.attempts.some((attempt) => attempt.how === "replayed")) return ["once", "answered from memory", asked];
    const passed = row.attempts.filter((attempt) => this.kindOf(attempt) === "passed");
    if (passed.some((attempt) => !attempt.lost)) return ["passed", "answered", asked];
    if (passed.length > 0) return ["open", "answer lost", asked];
    if (row.attempts.some((attempt) => this.kindOf(attempt) === "read")) return ["read", "read", asked];
    if (row.attempts.some((attempt) => attempt.ended === null)) return ["open", "running", asked];
    if (row.attempts.some((attempt) => attempt.how === "replayed")) return ["once", "done once", `${asked}, first some time ago`];
    return ["none", "not done", asked];
  }

  mayRepeat(operation) {
    return this.api.repeatable.has(operation) || /^(PUT|DELETE) /.test(operation);
  }

  // How often things were done that had been done already.
  tooMany() {
    let count = 0;
    for (const row of this.rows.values()) {
      if (row.key !== null) count += Math.max(0, row.attempts.filter((attempt) => attempt.effect).length - 1);
    }
    return count;
  }

  newestFirst() {
    return [...this.rows.values()].sort((one, other) => other.newest - one.newest);
  }

  // Draw what has changed since the last time.
  draw() {
    for (const row of this.stale) this.drawRow(row);
    this.stale.clear();
  }

  drawRow(row) {
    const shown = row.shown ?? this.newRow(row);
    const [verdict, head, more] = this.verdictOf(row);
    shown.dataset.verdict = verdict;
    shown.querySelector(".operation").textContent = row.operation;
    shown.querySelector(".key").textContent = row.key ?? "no key";
    shown.querySelector(".key").title = row.key ?? "";
    shown.querySelector(".account").textContent = this.accounts.size > 1 ? `account ${row.account}` : "";
    shown.querySelector(".attempts").replaceChildren(...this.chips(row));
    shown.querySelector(".verdict").replaceChildren(element("strong", "", head), element("span", "", more));
    shown.querySelector(".what").setAttribute("aria-expanded", `${row.open}`);
    const inside = shown.querySelector(".inside");
    inside.hidden = !row.open;
    inside.replaceChildren(...(row.open ? timeline(row, (attempt) => this.kindOf(attempt)) : []));
  }

  newRow(row) {
    const shown = find("row").content.firstElementChild.cloneNode(true);
    row.shown = shown;
    shown.querySelector(".what").addEventListener("click", () => {
      row.open = !row.open;
      this.drawRow(row);
    });
    return shown;
  }

  chips(row) {
    let before = null;
    return row.attempts.map((attempt) => {
      const item = element("li", "");
      if (before !== null) {
        const gap = element("span", "gap", seconds(Math.max(0, attempt.at - before)));
        gap.append(element("span", "for-ears", " later:"));
        item.append(gap);
      }
      before = attempt.ended ?? attempt.at;
      item.append(this.chip(attempt));
      return item;
    });
  }

  chip(attempt) {
    const kind = this.kindOf(attempt);
    const made = element("span", "chip");
    made.dataset.how = kind;
    made.append(element("i", `dot ${kind}`));
    const said = attempt.status ?? (attempt.ended === null ? "…" : "no answer");
    const words = { effect: "done", replayed: "from memory", waiting: "wait", running: "running", passed: "passed on", refused: "", read: "" }[kind];
    made.append(element("span", "", words ? `${words} · ${said}` : `${said}`));
    if (attempt.lost) {
      const mark = element("span", "lost-mark", "✂");
      mark.setAttribute("aria-hidden", "true");
      made.append(mark, element("span", "for-ears", "the answer was lost"));
    }
    if (attempt.fault && attempt.fault !== `${attempt.status}`) made.append(element("span", "fault", attempt.fault));
    const took = attempt.ended === null ? "" : `, took ${seconds(attempt.ended - attempt.at)}`;
    made.title = `${new Date(attempt.at * 1000).toLocaleTimeString()}${took}${attempt.fault ? `: ${WORDS[attempt.fault] ?? attempt.fault}` : ""}`;
    return made;
  }
}
