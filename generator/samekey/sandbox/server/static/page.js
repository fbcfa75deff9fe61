// The live page: events come in over one stream, and everything on the page follows from them.

import { FaultForm } from "./faults.js";
import { Rows, element, find } from "./rows.js";
import { curlOf, storm } from "./storm.js";

const PAGE_OF_ROWS = 200;
const rows = new Rows();
const faults = new FaultForm(find("faults"), element);
let sample = null;
let hasFaults = false;
let most = PAGE_OF_ROWS;
let drawing = 0;

// --- rows ---

function isWanted(row) {
  const words = find("search").value.trim().toLowerCase();
  if (words && !`${row.key ?? ""} ${row.operation}`.toLowerCase().includes(words)) return false;
  if (find("retried").checked && row.attempts.length < 2) return false;
  return find("reads").checked || rows.verdictOf(row)[0] !== "read";
}

function refresh() {
  drawing = 0;
  rows.draw();
  const wanted = rows.newestFirst().filter(isWanted);
  const shown = wanted.slice(0, most).map((row) => row.shown);
  // Rows that stand where they stood are left alone: who has opened or focused one keeps it.
  const holder = find("rows");
  shown.forEach((row, at) => {
    if (holder.children[at] !== row) holder.insertBefore(row, holder.children[at] ?? null);
  });
  while (holder.children.length > shown.length) holder.lastElementChild.remove();
  find("more").hidden = wanted.length <= most;
  find("shown").textContent = wanted.length > most ? `${most} of ${wanted.length} are shown` : "";
  find("empty").hidden = wanted.length > 0;
  find("first").hidden = rows.rows.size > 0;
  find("nothing").hidden = rows.rows.size === 0;
  const tooMany = rows.tooMany();
  find("toomany").textContent = tooMany;
  find("toomany").closest("figure").dataset.bad = tooMany > 0;
  find("price").textContent = tooMany > 0 ? priceOf(tooMany) : "";
}

// Return what duplicates of the sample request cost, where it has an amount.
function priceOf(count) {
  const { amount, currency } = sample === null ? {} : JSON.parse(sample.body);
  return typeof amount === "number" && typeof currency === "string" ? `(${count} × ${amount} ${currency})` : "";
}

function schedule() {
  if (!drawing) drawing = requestAnimationFrame(refresh);
}

// --- totals, switches and filters ---

function showTotals({ totals, plan, honoured }) {
  find("attempts").textContent = totals.attempts;
  find("effects").textContent = totals.effects;
  find("prevented").textContent = totals.prevented;
  find("struck").textContent = Object.values(totals.faults).reduce((sum, count) => sum + count, 0);
  const active = new Set(plan.rules.map((rule) => rule.fault));
  hasFaults = active.size > 0;
  find("active").hidden = !hasFaults;
  find("active").textContent = active.size === 1 ? [...active][0] : `${active.size} faults`;
  // Somebody may be choosing: boxes follow the server only while the form is closed.
  if (!find("switches").open) faults.check([...active]);
  find("honour").checked = honoured;
  document.body.dataset.honoured = honoured;
}

find("honour").addEventListener("change", async () => {
  const body = JSON.stringify({ honoured: find("honour").checked });
  await fetch("keys", { method: "PUT", headers: { "Content-Type": "application/json" }, body });
});
for (const id of ["search", "retried", "reads"]) find(id).addEventListener("input", schedule);
find("more").addEventListener("click", () => {
  most += PAGE_OF_ROWS;
  schedule();
});
find("clear").addEventListener("click", async () => {
  await fetch("ledger", { method: "DELETE", headers: { "Content-Type": "application/json" } });
  rows.forget();
  schedule();
});

// --- a first request ---

function offerSample() {
  for (const each of document.querySelectorAll("[data-needs=sample]")) each.hidden = sample === null;
  if (sample !== null) find("curl").textContent = curlOf(sample, location.origin, crypto.randomUUID());
}

find("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(find("curl").textContent);
  find("copy").textContent = "Copied";
});
for (const button of document.querySelectorAll(".storm")) {
  button.addEventListener("click", async () => {
    const tell = (words) => { find("storm-result").textContent = words; };
    const buttons = document.querySelectorAll(".storm");
    for (const each of buttons) each.disabled = true;
    tell("sending …");
    tell(await storm(sample, hasFaults, tell));
    for (const each of buttons) each.disabled = false;
  });
}

// --- the stream ---

const source = new EventSource("events");
const tell = (state, words) => {
  find("link").dataset.state = state;
  find("link").textContent = words;
};
source.addEventListener("hello", (event) => {
  const hello = JSON.parse(event.data);
  rows.api = { repeatable: new Set(hello.repeatable), isProxy: hello.proxy };
  sample = hello.sample;
  for (const each of document.querySelectorAll("[data-for]")) each.hidden = (each.dataset.for === "proxy") !== hello.proxy;
  // After a pause everything is told again.
  rows.forget();
  find("title").textContent = hello.title;
  document.title = `${hello.title} · samekey sandbox`;
  faults.offer(hello.faults);
  offerSample();
  tell("live", "live");
  schedule();
});
source.addEventListener("happened", (event) => {
  for (const happened of JSON.parse(event.data)) rows.take(happened);
  schedule();
});
source.addEventListener("forgotten", () => {
  rows.forget();
  schedule();
});
source.addEventListener("totals", (event) => showTotals(JSON.parse(event.data)));
source.addEventListener("error", () => tell("lost", "the server is gone; trying again…"));
