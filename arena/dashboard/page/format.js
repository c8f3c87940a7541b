// Values as the command line prints them.

export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86400), hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60, rest = whole % 60;
  if (days >= 10) return `${days}d`;
  if (days) return `${days}d${hours}h`;
  if (hours) return `${hours}h${minutes}m`;
  if (minutes >= 10) return `${minutes}m`;
  return minutes ? `${minutes}m${rest}s` : `${rest}s`;
}

// Milliseconds of a time that is text, seconds since the epoch, or missing (NaN).
export function moment(time) {
  if (typeof time === "number") return time * 1000;
  return time ? Date.parse(time) : NaN;
}

export function since(time, now = Date.now()) {
  const from = moment(time);
  return Number.isNaN(from) || from <= 0 ? "" : span((now - from) / 1000);
}

export function clock(time) {
  const at = moment(time);
  return Number.isNaN(at) || at <= 0 ? "" : new Date(at).toLocaleString(undefined, {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
}

// The seconds that a job has run, or has existed if it has not started.
export function running(job, now = Date.now()) {
  const from = moment(job.startTime) || moment(job.creationTimestamp);
  const to = moment(job.completionTime) || now;
  return Number.isNaN(from) || from <= 0 ? 0 : (to - from) / 1000;
}

const SIGNS = {
  RUNNING: "●", SUCCEEDED: "✓", FAILED: "✕", PENDING: "◌", STARTING: "◐", QUEUING: "≡", SUSPENDED: "‖",
  STOPPED: "■", RESTARTING: "↻", SCALING: "↕", STOPPING: "■", UNKNOWN: "?",
};

export const PHASES = Object.keys(SIGNS);

const KINDS = {
  RUNNING: "good", SUCCEEDED: "done", FAILED: "bad", PENDING: "wait", STARTING: "wait", QUEUING: "wait",
  STOPPED: "still", RESTARTING: "wait", SCALING: "wait", SUSPENDED: "still", STOPPING: "still", UNKNOWN: "still",
};

export function phaseClass(phase) {
  return `phase ${Object.hasOwn(KINDS, phase) ? KINDS[phase] : "still"}`;
}

export function phaseText(phase) {
  return `${Object.hasOwn(SIGNS, phase) ? SIGNS[phase] : "?"} ${phase}`;
}

// The same for the state of a pod or a node, as kubectl prints it.
export function stateClass(state) {
  if (/^(Running|Ready|ready)$/.test(state)) return "phase good";
  if (/^(Completed|Succeeded)$/.test(state)) return "phase done";
  if (/Error|Fail|BackOff|OOM|Evicted|NotReady|Invalid|Unknown|:ExitCode|Signal/i.test(state)) return "phase bad";
  return /Disabled|Terminating/.test(state) ? "phase still" : "phase wait";
}

export function bytes(number) {
  const gib = number / 2 ** 30;
  return gib >= 10 || gib === 0 ? `${Math.round(gib)} GiB` : gib >= 0.1 ? `${gib.toFixed(1)} GiB` : `${Math.round(number / 2 ** 20)} MiB`;
}

export function plural(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
