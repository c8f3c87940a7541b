// What the server of this page answers. Each panel is asked for alone, so none waits for another.

const KEY = "arena-token";
const known = new Map();  // path -> [tag, data] of the last answer
const PACE = 2000, HURRY = 400, LOST = 3000;

// Take the token from the link that was opened; it stays in this browser for this address only.
export function takeToken() {
  if (!location.hash.startsWith("#token=")) return;
  localStorage.setItem(KEY, location.hash.slice("#token=".length));
  history.replaceState(null, "", "#/jobs");
}

export function path(...parts) {
  return parts.map(encodeURIComponent).join("/");
}

function headers() {
  return { Authorization: `Bearer ${localStorage.getItem(KEY) ?? ""}` };
}

function asked(path, more, signal) {
  return fetch(`api/${path}`, { headers: { ...headers(), ...more }, cache: "no-store", credentials: "omit", signal });
}

async function refused(answer) {
  return { refused: answer.status === 403, error: (await answer.text()).trim() || `answer ${answer.status}`, hint: "" };
}

// { data } of a panel, or { error, hint }, { reading: seconds }, { lost }, { refused }.
export async function read(path, signal) {
  const [tag, data] = known.get(path) ?? ["", null];
  let answer;
  try {
    answer = await asked(path, tag ? { "If-None-Match": tag } : {}, signal);
    if (answer.status === 304) return { data, same: true };
    if (answer.status === 202) return { data, ...(await answer.json()) };
    if (!answer.ok) return await refused(answer);
    const found = await answer.json();
    if (found.error) return { data, error: found.error, hint: found.hint };
    known.set(path, [answer.headers.get("ETag") ?? "", found]);
    if (known.size > 64) known.delete(known.keys().next().value);
    return { data: found };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { data, lost: true };
  }
}

export const watchers = new Set();  // are told every answer, to show whether the server is there

function pause(milliseconds, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

export function shown(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise(resolve => {
    const check = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", check);
      resolve();
    };
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check, { once: true });
  });
}

// Read a panel now and again until the signal; a hidden page reads nothing.
export async function poll(path, signal, tell, pace = PACE) {
  while (!signal.aborted) {
    let found;
    try {
      found = await read(path, signal);
    } catch {
      return;
    }
    if (signal.aborted) return;
    watchers.forEach(one => one(found));
    tell(found);
    await pause(found.lost || found.refused ? LOST : found.reading !== undefined ? HURRY : pace, signal);
    await shown(signal);
  }
}

// Call `tell` with each line of JSON of a stream until it ends.
export async function stream(path, signal, tell) {
  const answer = await asked(path, {}, signal);
  if (!answer.ok) return tell(await refused(answer));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.filter(Boolean).forEach(line => tell(JSON.parse(line)));
  }
}

// Ask for a change; what was done, or { error, hint }.
export async function change(request) {
  try {
    const answer = await fetch("api/change", {
      method: "POST", headers: { ...headers(), "Content-Type": "application/json" }, body: JSON.stringify(request), credentials: "omit",
    });
    return answer.ok ? await answer.json() : await refused(answer);
  } catch {
    return { error: "the answer got lost; look whether it was done", hint: "" };
  }
}

// One line about what an answer lacks; "" if it lacks nothing.
export function lack(found, what) {
  if (found.error) return found.hint ? `${found.error}; ${found.hint}` : found.error;
  if (found.reading !== undefined && !found.data) {
    return found.reading < 2 ? `reading ${what}` : `waiting for the cluster for ${Math.round(found.reading)} s`;
  }
  return found.data?.unread ?? "";
}
