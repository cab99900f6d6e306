/* The parts of a multipart body, such as the live picture's. */

const CARRIAGE_RETURN = 13;
const HEADERS_END = encode("\r\n\r\n");

/** Cuts a multipart body into its parts, whatever the pieces in which it comes. */
export class PartReader {
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

  /** Null until the whole body has arrived. */
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
