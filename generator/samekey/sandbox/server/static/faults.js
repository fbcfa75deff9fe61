// What may go wrong: faults by when they strike, presets, and the form that sets them.

const GROUPS = {
  "before anything is done": {
    "refuse": "connections are refused for a moment", "reset": "the connection is reset",
    "stall": "held back, done late", "401": "credentials refused", "403": "forbidden", "408": "timed out while reading",
    "409": "as if the first were still running", "425": "too early", "429": "too many requests", "503": "not available",
  },
  "while it is done": {
    "slow": "takes a while", "duplicate": "delivered twice in a row", "race": "delivered twice at once",
    "crash-after-claim": "server dies before the effect", "crash-after-effect": "server dies after the effect",
    "crash-before-commit": "server dies before it commits", "500-before-commit": "fails, nothing done",
  },
  "after it was done": {
    "cut": "done, then cut before the answer", "cut-in-head": "done, then cut in the headers",
    "cut-in-body": "done, then cut in the body", "stall-after": "done, then silence", "slow-bytes": "the answer trickles",
    "500-stored": "done, and the failure is remembered", "500-after-commit": "done, then answers 500",
    "502": "done, then a gateway answers 502", "503-after-commit": "done, then answers 503",
    "504": "done, then a gateway answers 504",
  },
};
const PRESETS = {
  "lose answers": ["cut", "cut-in-head", "cut-in-body"],
  "flaky server": ["503", "500-before-commit", "500-after-commit", "502", "504"],
  "crashes": ["crash-after-claim", "crash-after-effect", "crash-before-commit", "reset"],
  "delivered twice": ["duplicate", "race"],
  "rate limits": ["429", "503"],
};

export const WORDS = Object.assign({}, ...Object.values(GROUPS));

// Return rules by which a request is struck with a probability, by one of some faults.
export function rulesOf(faults, probability, operation = "*", more = {}) {
  return faults.map((fault, at) => ({
    fault, operation, ...more,
    // One after the other: each is drawn only where none before it has struck.
    probability: Math.min(1, probability / faults.length / (1 - at * probability / faults.length)),
  }));
}

// Set what goes wrong from now on; return what the server says against it, or nothing.
export async function setFaults(rules) {
  const answer = await fetch("faults", {
    method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ seed: Date.now() % 1e6, rules }),
  });
  return answer.ok ? "" : (await answer.json()).error;
}

export class FaultForm {
  constructor(form, element) {
    this.form = form;
    this.element = element;
    this.known = new Set();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    form.elements.probability.addEventListener("input", () => this.spellProbability());
    form.elements.calm.addEventListener("click", () => {
      this.check([]);
      this.apply();
    });
  }

  // Offer the faults that a server can have.
  offer(faults) {
    this.known = new Set(faults);
    const groups = Object.entries(GROUPS).map(([when, named]) => this.group(when, Object.keys(named).filter((fault) => this.known.has(fault))));
    const others = faults.filter((fault) => !(fault in WORDS));
    if (others.length) groups.push(this.group("otherwise", others));
    this.form.querySelector("#options").replaceChildren(...groups);
    const buttons = Object.entries(PRESETS).map(([name, wanted]) => this.preset(name, wanted.filter((fault) => this.known.has(fault))));
    this.form.querySelector("#presets").replaceChildren(...buttons);
  }

  group(when, faults) {
    const group = this.element("fieldset", "");
    group.append(this.element("legend", "", when));
    for (const fault of faults) {
      const label = this.element("label", "");
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", value: fault });
      label.append(box, this.element("span", "", fault), this.element("small", "", WORDS[fault] ?? ""));
      group.append(label);
    }
    return group;
  }

  preset(name, faults) {
    const button = this.element("button", "", name);
    button.type = "button";
    button.addEventListener("click", () => {
      this.check(faults);
      this.apply();
    });
    return button;
  }

  boxes() {
    return [...this.form.querySelectorAll("#options input")];
  }

  check(faults) {
    const wanted = new Set(faults);
    for (const box of this.boxes()) box.checked = wanted.has(box.value);
  }

  async apply() {
    const faults = this.boxes().filter((box) => box.checked).map((box) => box.value);
    const { probability, operation } = this.form.elements;
    const complaint = await setFaults(rulesOf(faults, Number(probability.value) / 100, operation.value || "*"));
    this.form.querySelector("#complaint").textContent = complaint;
  }

  spellProbability() {
    const { probability, percent } = this.form.elements;
    percent.value = `${probability.value} %`;
  }
}
