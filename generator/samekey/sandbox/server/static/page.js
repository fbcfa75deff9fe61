// The live page: events come in, are gathered by key, and each key becomes a row. Text is set as text, never as markup.

const MOST_ROWS = 200;
const WORDS = {
  "refuse": "connections are refused for a moment", "reset": "reset before anything is done",
  "stall": "held back, done late", "401": "credentials refused", "403": "forbidden", "408": "timed out while reading",
  "409": "as if the first were still running", "425": "too early", "429": "too many requests", "503": "not available",
  "duplicate": "delivered twice in a row", "race": "delivered twice at once", "slow": "takes a while",
  "crash-after-claim": "server dies before the effect", "crash-after-effect": "server dies after the effect",
  "crash-before-commit": "server dies before it commits", "500-before-commit": "fails, nothing done",
  "500-stored": "done, and the failure is remembered", "500-after-commit": "done, then answers 500",
  "502": "done, then a gateway answers 502", "504": "done, then a gateway answers 504",
  "cut": "done, then cut before the answer", "cut-in-head": "done, then cut in the headers",
  "cut-in-body": "done, then cut in the body", "stall-after": "done, then silence", "slow-bytes": "the answer trickles",
};

const find = (id) => document.getElementById(id);
const rows = new Map();
const byAttempt = new Map();
const stale = new Set();
let repeatable = new Set();
// A proxy cannot see what the API behind it does: it tells what was passed on, and not what was done.
let isProxy = false;
let drawing = 0;

// --- what happened ---

function rowOf(event) {
  const name = event.key === null ? `attempt ${event.attempt}` : `${event.scope} ${event.key}`;
  if (!rows.has(name)) {
    rows.set(name, { name, key: event.key, operation: event.operation, attempts: [], newest: event.at, shown: null });
  }
  return rows.get(name);
}

function attemptOf(event) {
  if (!byAttempt.has(event.attempt)) {
    const reads = /^(GET|HEAD|OPTIONS) /.test(event.operation);
    const attempt = { at: event.at, ended: null, fault: null, effect: false, how: "running", status: null, lost: false, reads };
    byAttempt.set(event.attempt, attempt);
    const row = rowOf(event);
    row.attempts.push(attempt);
    row.attempts.sort((one, other) => one.at - other.at);
    row.newest = Math.max(row.newest, event.at);
  }
  return byAttempt.get(event.attempt);
}

function take(event) {
  const attempt = attemptOf(event);
  const row = rowOf(event);
  stale.add(row);
  if (event.kind === "arrived") attempt.at = Math.min(attempt.at, event.at);
  if (event.kind === "fault") attempt.fault = event.fault;
  if (event.kind === "effect") attempt.effect = true;
  if (event.kind === "answered" || event.kind === "lost") {
    attempt.ended = event.at;
    attempt.status = event.status;
    attempt.lost = event.kind === "lost";
    attempt.how = event.detail || "own";
  }
}

function kindOf(attempt) {
  if (attempt.effect) return "effect";
  if (attempt.how === "replayed") return "replayed";
  if (attempt.how === "in flight" || (attempt.how === "fault" && attempt.status === 409)) return "waiting";
  if (attempt.how === "running") return "running";
  if (isProxy && !attempt.reads && attempt.how === "own" && (attempt.lost || attempt.status < 400)) return "passed";
  return attempt.how === "own" && attempt.status !== null && attempt.status < 400 ? "read" : "refused";
}

// --- rows ---

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function seconds(span) {
  if (span < 1) return `${Math.round(span * 1000)} ms`;
  return span < 100 ? `${span.toFixed(1)} s` : `${Math.round(span / 60)} min`;
}

function chip(attempt) {
  const kind = kindOf(attempt);
  const made = element("span", "chip");
  made.dataset.how = kind;
  made.append(element("i", `dot ${kind}`));
  const said = attempt.status ?? (attempt.ended === null ? "…" : "no answer");
  const words = { effect: "done", replayed: "from memory", waiting: "wait", running: "running", passed: "passed on", refused: "", read: "" }[kind];
  made.append(element("span", "", words ? `${words} · ${said}` : `${said}`));
  if (attempt.lost) made.append(element("span", "lost-mark", "✂"));
  if (attempt.fault && attempt.fault !== `${attempt.status}`) made.append(element("span", "fault", attempt.fault));
  const took = attempt.ended === null ? "" : `, took ${seconds(attempt.ended - attempt.at)}`;
  made.title = `${new Date(attempt.at * 1000).toLocaleTimeString()}${took}${attempt.fault ? `: ${WORDS[attempt.fault] ?? attempt.fault}` : ""}`;
  return made;
}

function mayRepeat(operation) {
  return repeatable.has(operation) || /^(PUT|DELETE) /.test(operation);
}

function verdictOf(row) {
  const effects = row.attempts.filter((attempt) => attempt.effect).length;
  const count = row.attempts.length;
  const asked = count === 1 ? "asked for once" : `asked for ${count} times`;
  if (effects > 1) return ["twice", `done ${effects} times!`, asked];
  if (effects === 1 && row.key === null) {
    return mayRepeat(row.operation) ? ["once", "done", "needs no key: a retry changes nothing"] : ["bare", "done", "no key: a retry would do it again"];
  }
  if (effects === 1) return ["once", "done once", asked];
  if (isProxy && row.attempts.some((attempt) => attempt.how === "replayed")) return ["once", "answered from memory", asked];
  const passed = row.attempts.filter((attempt) => kindOf(attempt) === "passed");
  if (passed.some((attempt) => !attempt.lost)) return ["passed", "answered", asked];
  if (passed.length > 0) return ["open", "answer lost", asked];
  if (row.attempts.some((attempt) => kindOf(attempt) === "read")) return ["read", "read", asked];
  if (row.attempts.some((attempt) => attempt.ended === null)) return ["open", "running", asked];
  if (row.attempts.some((attempt) => attempt.how === "replayed")) return ["once", "done once", `${asked}, first some time ago`];
  return ["none", "not done", asked];
}

function draw(row) {
  const shown = row.shown ?? find("row").content.firstElementChild.cloneNode(true);
  const [verdict, head, more] = verdictOf(row);
  shown.dataset.verdict = verdict;
  shown.querySelector(".operation").textContent = row.operation;
  shown.querySelector(".key").textContent = row.key ?? "no key";
  shown.querySelector(".key").title = row.key ?? "";
  const list = shown.querySelector(".attempts");
  list.replaceChildren();
  let before = null;
  for (const attempt of row.attempts) {
    const item = element("li", "");
    if (before !== null) item.append(element("span", "gap", seconds(Math.max(0, attempt.at - before))));
    item.append(chip(attempt));
    list.append(item);
    before = attempt.ended ?? attempt.at;
  }
  shown.querySelector(".verdict").replaceChildren(element("strong", "", head), element("span", "", more));
  row.shown = shown;
}

function isWanted(row) {
  const words = find("search").value.trim().toLowerCase();
  if (words && !`${row.key ?? ""} ${row.operation}`.toLowerCase().includes(words)) return false;
  if (find("retried").checked && row.attempts.length < 2) return false;
  return find("reads").checked || verdictOf(row)[0] !== "read";
}

function refresh() {
  drawing = 0;
  for (const row of stale) draw(row);
  stale.clear();
  const newest = [...rows.values()].sort((one, other) => other.newest - one.newest);
  const wanted = newest.filter(isWanted).slice(0, MOST_ROWS);
  find("rows").replaceChildren(...wanted.map((row) => row.shown));
  find("empty").hidden = wanted.length > 0;
  find("empty").textContent = rows.size
    ? "Nothing matches the filters."
    : "Nothing has happened yet. Send a request to this server and watch it here.";
}

function schedule() {
  if (!drawing) drawing = requestAnimationFrame(refresh);
}

function forget() {
  rows.clear();
  byAttempt.clear();
  stale.clear();
}

// --- totals, faults and filters ---

function showTotals({ totals, plan }) {
  find("attempts").textContent = totals.attempts;
  find("effects").textContent = totals.effects;
  find("prevented").textContent = totals.prevented;
  find("struck").textContent = Object.values(totals.faults).reduce((sum, count) => sum + count, 0);
  const active = new Set(plan.rules.map((rule) => rule.fault));
  find("active").hidden = active.size === 0;
  find("active").textContent = active.size === 1 ? [...active][0] : `${active.size} faults`;
  // Somebody may be choosing: boxes follow the server only while the form is closed.
  if (!find("switches").open) {
    for (const box of find("options").querySelectorAll("input")) box.checked = active.has(box.value);
  }
}

function offer(faults) {
  find("options").replaceChildren(...faults.map((fault) => {
    const label = element("label", "");
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", value: fault });
    label.append(box, element("span", "", fault), element("small", "", WORDS[fault] ?? ""));
    return label;
  }));
}

async function apply(faults) {
  const probability = Number(find("probability").value) / 100;
  const each = faults.map((fault, at) => ({
    fault, operation: find("operation").value || "*",
    // One after the other: each is drawn only where none before it has struck.
    probability: Math.min(1, probability / faults.length / (1 - at * probability / faults.length)),
  }));
  const answer = await fetch("faults", {
    method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ seed: Date.now() % 1e6, rules: each }),
  });
  find("complaint").textContent = answer.ok ? "" : (await answer.json()).error;
}

find("faults").addEventListener("submit", (event) => {
  event.preventDefault();
  apply([...find("options").querySelectorAll("input:checked")].map((box) => box.value));
});
find("calm").addEventListener("click", () => {
  for (const box of find("options").querySelectorAll("input")) box.checked = false;
  apply([]);
});
find("probability").addEventListener("input", () => { find("percent").value = `${find("probability").value} %`; });
for (const id of ["search", "retried", "reads"]) find(id).addEventListener("input", schedule);
find("clear").addEventListener("click", async () => {
  await fetch("ledger", { method: "DELETE", headers: { "Content-Type": "application/json" } });
  forget();
  schedule();
});

// --- the wire ---

const source = new EventSource("events");
const tell = (state, words) => {
  find("link").dataset.state = state;
  find("link").textContent = words;
};
source.addEventListener("hello", (event) => {
  const { title, faults, repeatable: names, proxy } = JSON.parse(event.data);
  repeatable = new Set(names);
  isProxy = proxy;
  for (const each of document.querySelectorAll("[data-for]")) each.hidden = (each.dataset.for === "proxy") !== proxy;
  // After a pause everything is told again.
  forget();
  find("title").textContent = title;
  document.title = `${title} · samekey sandbox`;
  offer(faults);
  tell("live", "live");
  schedule();
});
source.addEventListener("happened", (event) => {
  for (const happened of JSON.parse(event.data)) take(happened);
  schedule();
});
source.addEventListener("forgotten", () => {
  forget();
  schedule();
});
source.addEventListener("totals", (event) => showTotals(JSON.parse(event.data)));
source.addEventListener("error", () => tell("lost", "the server is gone; trying again…"));
