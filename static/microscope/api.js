/* The only file that asks the server for anything. */

/** What the server refused, or that it was not reached: `code` for programs, `message` for people. */
export class ApiError extends Error {
  constructor(status, { code = "error", message = "", errors = {} } = {}) {
    super(message || `The server answered with error ${status}.`);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body = {}, options) => ask("POST", path, body, options);
export const patch = (path, body = {}, options) => ask("PATCH", path, body, options);
export const remove = (path, options) => ask("DELETE", path, undefined, options);

/** The parts of a multipart stream as they come: {headers, body, arrivedAt}. Ends with the stream or the signal. */
export async function* readParts(path, signal) {
  const response = await send(path, { signal, cache: "no-store" });
  if (!response.ok) throw await describeProblem(response);
  const boundary = /boundary="?([^";]+)/.exec(response.headers.get("Content-Type"))?.[1] ?? "frame";
  const parts = new PartReader(boundary);
  const reader = response.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      parts.push(value);
      for (let part = parts.take(); part; part = parts.take()) yield part;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function ask(method, path, body, { signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = readCookie("microscope_csrf");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await send(path, { method, headers, signal, body: body && JSON.stringify(body) });
  if (!response.ok) throw await describeProblem(response);
  return response.status === 204 ? null : response.json();
}

async function send(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", ...options });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new ApiError(0, { code: "server_unreachable", message: "The server cannot be reached. Is its PC on?" });
  }
}

async function describeProblem(response) {
  if (response.status === 401) goToSignIn();
  const told = await response.json().catch(() => ({}));
  return new ApiError(response.status, told);
}

function goToSignIn() {
  const here = location.pathname + location.search;
  location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

function readCookie(name) {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

const CARRIAGE_RETURN = 13;
const HEADERS_END = encode("\r\n\r\n");

/** Cuts a multipart body into its parts, whatever the pieces in which it comes. */
class PartReader {
  constructor(boundary) {
    this.delimiter = encode(`\r\n--${boundary}`);
    this.buffer = new Uint8Array(1 << 20);
    this.start = 0;
    this.end = 0;
    this.headers = null;
    this.searched = 0;
  }

  push(bytes) {
    if (this.end + bytes.length > this.buffer.length) this.makeRoom(bytes.length);
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
  }

  take() {
    if (!this.headers && !this.takeHeaders()) return null;
    const length = this.bodyLength();
    if (length === null) return null;
    const body = this.buffer.slice(this.start, this.start + length);
    const part = { headers: this.headers, body, arrivedAt: this.arrivedAt };
    this.start += length;
    this.searched = 0;
    this.headers = null;
    return part;
  }

  takeHeaders() {
    const end = this.find(HEADERS_END);
    if (end === null) return false;
    const lines = new TextDecoder().decode(this.buffer.subarray(this.start, end)).split("\r\n");
    const fields = lines.filter((line) => line.includes(":") && !line.startsWith("--"));
    this.headers = new Map(fields.map((line) => splitField(line)));
    this.arrivedAt = performance.now();
    this.start = end + HEADERS_END.length;
    this.searched = 0;
    return true;
  }

  /** Null while the body is not yet there in full. */
  bodyLength() {
    const told = this.headers.get("content-length");
    if (told !== undefined) return this.end - this.start >= Number(told) ? Number(told) : null;
    const end = this.find(this.delimiter);
    return end === null ? null : end - this.start;
  }

  find(pattern) {
    const bytes = this.buffer.subarray(0, this.end);
    let place = Math.max(this.start, this.searched);
    while ((place = bytes.indexOf(CARRIAGE_RETURN, place)) >= 0) {
      if (place + pattern.length > this.end) break;
      if (pattern.every((byte, index) => bytes[place + index] === byte)) return place;
      place += 1;
    }
    this.searched = Math.max(this.start, this.end - pattern.length + 1);
    return null;
  }

  makeRoom(needed) {
    const held = this.end - this.start;
    const size = Math.max(this.buffer.length, 2 ** Math.ceil(Math.log2(held + needed)));
    const roomier = size > this.buffer.length ? new Uint8Array(size) : this.buffer;
    roomier.set(this.buffer.subarray(this.start, this.end));
    this.searched = Math.max(0, this.searched - this.start);
    this.buffer = roomier;
    this.start = 0;
    this.end = held;
  }
}

function splitField(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

function encode(text) {
  return new TextEncoder().encode(text);
}
