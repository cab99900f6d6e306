/* The only file that sends requests to the server. Every request has a deadline. */
import { noteAnswer } from "./offline.js";
import { PartReader } from "./part-reader.js";

const DEADLINE_MS = 20_000;
// Statuses that a proxy sends if the server behind it does not respond.
const PROXY_STATUSES = new Set([502, 503, 504]);

// The file is missing, removed or changed.
const GONE_STATUSES = new Set([404, 409, 410]);

/** An error of the server, or a missing response: `code` for programs, `message` for people. */
export class ApiError extends Error {
  constructor(status, { code = "error", message = "", errors = {}, ...details } = {}) {
    super(message || `The server returned error ${status}.`);
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.details = details;
  }

  /** True if there was no response: the request may or may not have been carried out. */
  get isUnanswered() {
    return this.status === 0 || (this.code === "error" && PROXY_STATUSES.has(this.status));
  }
}

// The user for whom this page was made. In another tab somebody else may have signed in since.
export const pageUser = document.querySelector("meta[name=page-user]")?.content ?? "";
const NOTICE = "notice-after-loading";
const ROOT = document.documentElement.dataset.root ?? "";
const FORM_MS = 10_000;
const refusalListeners = [];
let formSentAt = -Infinity;
addEventListener("submit", (event) => {
  if (!event.defaultPrevented) formSentAt = performance.now();
});

/** Call `run(control)` if an act was refused because somebody else controls the camera. `control`: who, until when. */
export function onRefusal(run) {
  refusalListeners.push(run);
}

/** The address of a path such as "/images/": a reverse proxy may serve the program under a path of its own. The verbs
 * below take such paths too. */
export function addressOf(path) {
  return path.startsWith(`${ROOT}/`) ? path : ROOT + path;
}

/* `options`: {signal, headers, deadlineMs}. After the deadline the call ends with an ApiError of code "no_answer". */

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body = {}, options) => ask("POST", path, body, options);
export const patch = (path, body = {}, options) => ask("PATCH", path, body, options);
export const remove = (path, options) => ask("DELETE", path, undefined, options);

/** False if the server says that there is nothing at the address. Raises an ApiError if it says something else. */
export async function isThere(address, { deadlineMs = DEADLINE_MS } = {}) {
  const deadline = new Deadline(deadlineMs);
  try {
    const { pathname, search } = new URL(address, location.href);
    const { ok, status } = await send(pathname + search, { method: "HEAD", signal: deadline.signal });
    if (!ok && !GONE_STATUSES.has(status)) throw new ApiError(status);
    return ok;
  } catch (problem) {
    throw deadline.explain(problem);
  } finally {
    deadline.end();
  }
}

/** Why the server does not give what is at the address, in its own words; "" if it gives it, or says nothing. */
export async function askWhyNot(address) {
  const deadline = new Deadline(DEADLINE_MS);
  try {
    const { pathname, search } = new URL(address, location.href);
    const response = await send(pathname + search, { headers: { Range: "bytes=0-0" }, signal: deadline.signal });
    if (response.ok) await response.body.cancel();
    const { code, message } = response.ok ? {} : await describeProblem(response);
    return code && code !== "error" ? message : "";
  } catch {
    return "";
  } finally {
    deadline.end();
  }
}

/** The parts of a multipart stream as they come: {headers, body, arrivedAt}. Ends with the stream or with `signal`.
    Raises an ApiError if the answer takes longer than `answerMs`, or if nothing comes for `silenceMs` after that. */
export async function* readParts(path, { signal, answerMs, silenceMs }) {
  const deadline = new Deadline(answerMs, signal);
  try {
    const response = await send(path, { signal: deadline.signal, cache: "no-store" });
    if (!response.ok) throw await describeProblem(response);
    const boundary = /boundary="?([^";]+)/.exec(response.headers.get("Content-Type"))?.[1] ?? "frame";
    const parts = new PartReader(boundary);
    for (const reader = response.body.getReader(); ; ) {
      deadline.renew(silenceMs);
      const { done, value } = await reader.read();
      if (done) return;
      parts.push(value);
      for (let part = parts.take(); part; part = parts.take()) yield part;
    }
  } catch (problem) {
    throw deadline.explain(problem);
  } finally {
    deadline.end();
  }
}

async function ask(method, path, body, { signal, headers: more, deadlineMs = DEADLINE_MS } = {}) {
  const headers = { Accept: "application/json", ...more };
  if (method !== "GET") {
    Object.assign(headers, { "X-CSRFToken": readCookie(document.documentElement.dataset.csrfCookie), "X-Page-User": pageUser });
  }
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const deadline = new Deadline(deadlineMs, signal);
  try {
    const response = await send(path, { method, headers, signal: deadline.signal, body: body && JSON.stringify(body) });
    if (!response.ok) throw await describeProblem(response);
    return response.status === 204 ? null : await response.json();
  } catch (problem) {
    throw deadline.explain(problem, method !== "GET");
  } finally {
    deadline.end();
  }
}

/** A page in sight is a sign that its user is there, who may control the camera. */
async function send(path, options) {
  const headers = { ...options.headers, ...(!document.hidden && { "X-Page-In-Sight": "yes" }) };
  const response = await fetch(addressOf(path), { credentials: "same-origin", ...options, headers });
  noteAnswer(response);
  return response;
}

/** Aborts `signal` when the time is over, or with the caller's own signal. `end` it when the answer is read. */
class Deadline {
  constructor(limitMs, callerSignal) {
    this.controller = new AbortController();
    this.callerSignal = callerSignal;
    this.abort = () => this.controller.abort();
    callerSignal?.addEventListener("abort", this.abort);
    if (callerSignal?.aborted) this.abort();
    this.renew(limitMs);
  }

  get signal() {
    return this.controller.signal;
  }

  renew(limitMs) {
    clearTimeout(this.timer);
    this.limitMs = limitMs;
    this.timer = setTimeout(() => {
      this.isOver = true;
      this.abort();
    }, limitMs);
  }

  /** The error with a message for the user, in place of the browser's own. */
  explain(problem, isChange = false) {
    if (problem instanceof ApiError || this.callerSignal?.aborted) return problem;
    if (!this.isOver) return new ApiError(0, { code: "server_unreachable", message: "Cannot reach the server. Check that its PC is on and that this device is in the network." });
    const doubt = isChange ? " It may have been done all the same: reload the page to see." : "";
    const message = `No response from the server within ${Math.ceil(this.limitMs / 1000)} s.${doubt}`;
    return new ApiError(0, { code: "no_answer", message });
  }

  /** Close the stream if it is still open. */
  end() {
    clearTimeout(this.timer);
    this.callerSignal?.removeEventListener("abort", this.abort);
    this.abort();
  }
}

async function describeProblem(response) {
  if (response.status === 401) goToSignIn();
  const told = await response.json().catch((problem) => {
    if (problem.name === "AbortError") throw problem;
    return {};
  });
  if (told.code === "user_changed") loadAnew(told.message);
  if (told.control) for (const run of refusalListeners) run(told.control);
  return new ApiError(response.status, told);
}

/** A message to show once, after the page was loaded again. */
export function takeNotice() {
  const notice = sessionStorage.getItem(NOTICE);
  sessionStorage.removeItem(NOTICE);
  return notice;
}

/** Save a message for the next page, because this page is being left. */
export function leaveNotice(notice) {
  sessionStorage.setItem(NOTICE, notice);
}

/** The page shows another user than the one who is signed in. */
function loadAnew(notice) {
  leaveNotice(notice);
  location.reload();
}

/** A form that is on its way may end the session that an earlier request still carries, as a new password does. Its
 * answer brings the new session and says where to go on. */
function goToSignIn() {
  if (performance.now() - formSentAt < FORM_MS) return;
  const here = location.pathname + location.search;
  location.assign(`${addressOf("/sign-in")}?next=${encodeURIComponent(here)}`);
}

function readCookie(name) {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
