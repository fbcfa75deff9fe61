// Twenty charges through a bad network, by a client that retries as an SDK does: the same key, the same bytes.

import { rulesOf, setFaults } from "./faults.js";

const MANY = 20;
const AT_ONCE = 4;
const ATTEMPTS = 8;
const WEATHER = ["cut", "cut-in-body", "503", "500-after-commit", "reset", "duplicate"];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Return the request as a line for a terminal.
export function curlOf(sample, origin, key) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const headers = Object.entries({ ...sample.headers, [sample.key_header]: key }).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return [`curl -X ${sample.method} ${quoted(origin + sample.path)}`, ...headers, `-d ${quoted(sample.body)}`].join(" \\\n  ");
}

async function attempt(sample, key) {
  try {
    const answer = await fetch(sample.path, {
      method: sample.method, headers: { ...sample.headers, [sample.key_header]: key }, body: sample.body,
      credentials: "omit", signal: AbortSignal.timeout(4000),
    });
    await answer.text();
    return answer.status;
  } catch {
    return null;
  }
}

// Ask for one thing until an answer comes; return whether one came, and how often it was asked for.
async function call(sample) {
  const key = crypto.randomUUID();
  for (let count = 1; count <= ATTEMPTS; count += 1) {
    const status = await attempt(sample, key);
    if (status !== null && status < 500 && ![408, 409, 425, 429].includes(status)) return { done: status < 400, count };
    await pause(Math.min(1500, 80 * 2 ** count) * (0.5 + Math.random() / 2));
  }
  return { done: false, count: ATTEMPTS };
}

// Send twenty requests, with faults of our own where nobody has set any; tell how it goes, and return what came of it.
export async function storm(sample, hasFaults, tell) {
  if (!hasFaults) await setFaults(rulesOf(WEATHER, 0.5, sample.operation, { seconds: 0.3 }));
  const results = [];
  const next = async () => {
    while (results.length < MANY) {
      const place = results.push(null) - 1;
      results[place] = await call(sample);
      tell(`${results.filter((result) => result !== null).length} of ${MANY} answered …`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  if (!hasFaults) await setFaults([]);
  const asked = results.reduce((sum, result) => sum + result.count, 0);
  const done = results.filter((result) => result.done).length;
  return `${MANY} were wanted and asked for ${asked} times; ${done} got their answer.`;
}
