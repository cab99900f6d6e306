/* The one lasting connection of the page: pictures with the numbers that belong to them, newest only. */
import { readParts } from "../../microscope/api.js";
import { readGeometry } from "./sensor.js";

const ADDRESS = "/api/v1/camera/live";
const RETRY_MS = 400;
const RETRY_MS_BY_CODE = { too_many_watchers: 5000, server_unreachable: 2000 };

export class LiveStream {
  /** `onFrame(frame)` for each new picture; `onProblem(error)` when the stream ended, error or not. */
  constructor({ onFrame, onProblem, onPause }) {
    this.onFrame = onFrame;
    this.onProblem = onProblem;
    this.onPause = onPause;
    this.isWanted = false;
    this.connection = null;
    this.pending = null;
    this.isDecoding = false;
    document.addEventListener("visibilitychange", () => this.followVisibility());
    addEventListener("pagehide", () => this.disconnect());
    addEventListener("pageshow", (event) => event.persisted && this.restart());
  }

  get isRunning() {
    return this.isWanted;
  }

  start() {
    this.isWanted = true;
    if (!document.hidden && !this.connection) this.connect();
  }

  stop() {
    this.isWanted = false;
    this.disconnect();
  }

  restart() {
    if (!this.isWanted) return;
    this.disconnect();
    this.start();
  }

  followVisibility() {
    if (!document.hidden) {
      if (this.isWanted) this.start();
      return;
    }
    if (this.connection) this.onPause();
    this.disconnect();
  }

  disconnect() {
    clearTimeout(this.retryTimer);
    this.connection?.abort();
    this.connection = null;
    this.pending = null;
  }

  async connect() {
    const connection = new AbortController();
    this.connection = connection;
    let problem = null;
    try {
      await this.read(connection.signal);
    } catch (caught) {
      problem = caught;
    }
    if (connection.signal.aborted) return;
    this.connection = null;
    const delayMs = RETRY_MS_BY_CODE[problem?.code] ?? RETRY_MS;
    this.retryTimer = setTimeout(() => this.isWanted && this.start(), delayMs);
    this.onProblem(problem);
  }

  async read(signal) {
    let lastNumber = null;
    for await (const part of readParts(ADDRESS, signal)) {
      if (signal.aborted) return;
      const number = part.headers.get("x-frame-number");
      const isRepeated = number !== undefined && number === lastNumber;
      lastNumber = number;
      if (!isRepeated) this.take(part, signal);
    }
  }

  /** One picture is decoded at a time; of those that come meanwhile the newest waits, the others are let go. */
  take(part, signal) {
    this.pending = part;
    if (!this.isDecoding) this.decodePending(signal);
  }

  async decodePending(signal) {
    this.isDecoding = true;
    while (this.pending && !signal.aborted) {
      const part = this.pending;
      this.pending = null;
      const jpeg = new Blob([part.body], { type: "image/jpeg" });
      const bitmap = await createImageBitmap(jpeg).catch(() => null);
      if (bitmap && !signal.aborted) this.onFrame(describe(part, jpeg, bitmap));
      bitmap?.close();
    }
    this.isDecoding = false;
  }
}

/** A frame as the page's parts take it; null where the server does not say. */
function describe(part, jpeg, bitmap) {
  const number = (name) => (part.headers.has(name) ? Number(part.headers.get(name)) : null);
  const ageOnArrivalMs = number("x-frame-age-ms");
  return {
    jpeg,
    bitmap,
    width: number("x-frame-width") ?? bitmap.width,
    height: number("x-frame-height") ?? bitmap.height,
    shownAt: performance.now(),
    ageMs: ageOnArrivalMs === null ? null : ageOnArrivalMs + performance.now() - part.arrivedAt,
    exposureMs: number("x-exposure-ms"),
    gainDb: number("x-gain-db"),
    geometry: readGeometry(part.headers),
    significantBits: number("x-significant-bits"),
    histogram: readHistogram(part.headers.get("x-histogram")),
    clipped: number("x-clipped"),
    black: number("x-black"),
    focus: number("x-focus"),
  };
}

function readHistogram(text) {
  if (!text) return null;
  return text.split(";").map((channel) => channel.split(",").map(Number));
}
