/* The one lasting connection of the page. It brings pictures with their values, and skips all but the newest. */
import { readParts } from "../../microscope/api.js";
import { elapsedMs, markNow } from "../../microscope/elapsed.js";
import { currentExposureMs, streamDeadlineMs } from "./deadlines.js";
import { readGeometry } from "./sensor.js";

const ADDRESS = "/api/v1/camera/live";
const SILENCE_MS = 3000;
const RETRY_MS = 400;
const MAX_RETRY_MS = 5000;
// A longer delay means that a clock was set.
const MAX_DELAY_MS = 60_000;
const RETRY_MS_BY_CODE = { too_many_watchers: 5000, server_unreachable: 2000 };

export class LiveStream {
  /** `onFrame(frame)`: a new picture came. `onProblem(error)`: the stream ended, with or without an error. */
  constructor({ onFrame, onProblem, onPause }) {
    this.onFrame = onFrame;
    this.onProblem = onProblem;
    this.onPause = onPause;
    this.isWanted = false;
    this.connection = null;
    this.pending = null;
    this.isDecoding = false;
    this.failures = 0;
    document.addEventListener("visibilitychange", () => this.followVisibility());
    addEventListener("pagehide", () => this.disconnect());
    addEventListener("pageshow", (event) => event.persisted && this.restart());
  }

  get isRunning() {
    return this.isWanted;
  }

  /** True if nothing has come for some seconds. The first picture of a stream may take as long as two exposures. */
  get isSilent() {
    if (!this.isWanted || document.hidden || !this.heardAt) return false;
    return elapsedMs(this.heardAt) > SILENCE_MS + (this.isHeard ? 0 : 2 * currentExposureMs());
  }

  start() {
    if (!this.isWanted) this.listenAnew();
    this.isWanted = true;
    clearTimeout(this.retryTimer);
    if (!document.hidden && !this.connection) this.connect();
  }

  listenAnew() {
    this.heardAt = markNow();
    this.isHeard = false;
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
      if (this.isWanted) {
        this.listenAnew();
        this.start();
      }
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
    const delayMs = RETRY_MS_BY_CODE[problem?.code] ?? Math.min(RETRY_MS * 2 ** this.failures, MAX_RETRY_MS);
    this.failures += 1;
    this.retryTimer = setTimeout(() => this.isWanted && this.start(), delayMs);
    this.onProblem(problem);
  }

  async read(signal) {
    let lastNumber = null;
    const limits = { answerMs: streamDeadlineMs(), silenceMs: SILENCE_MS };
    for await (const part of readParts(ADDRESS, { signal, ...limits })) {
      if (signal.aborted) return;
      Object.assign(this, { heardAt: markNow(), isHeard: true, failures: 0 });
      const number = part.headers.get("x-frame-number");
      const isRepeated = number !== undefined && number === lastNumber;
      lastNumber = number;
      if (!isRepeated) this.take(part, signal);
    }
  }

  /** Decodes one picture at a time. Of those that come meanwhile, only the newest waits. */
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
      if (bitmap && !signal.aborted) this.onFrame(describe(part, jpeg, bitmap, this.delayMs(part)));
      bitmap?.close();
    }
    this.isDecoding = false;
  }

  /** How much longer this part took than the fastest one. The age that the server sends does not include this delay. */
  delayMs({ headers, arrivedAt }) {
    const wayMs = arrivedAt - Date.parse(headers.get("x-frame-received-at")) - Number(headers.get("x-frame-age-ms"));
    const isComparable = Math.abs(wayMs - this.fastestMs) < MAX_DELAY_MS;
    this.fastestMs = isComparable ? Math.min(wayMs, this.fastestMs) : wayMs;
    return wayMs - this.fastestMs || 0;
  }
}

/** A frame for the parts of the page. Values that the server does not send are null. */
function describe(part, jpeg, bitmap, delayMs) {
  const number = (name) => (part.headers.has(name) ? Number(part.headers.get(name)) : null);
  const ageOnArrivalMs = number("x-frame-age-ms");
  return {
    jpeg,
    bitmap,
    width: number("x-frame-width") ?? bitmap.width,
    height: number("x-frame-height") ?? bitmap.height,
    shownAt: performance.now(),
    shown: markNow(),
    ageMs: ageOnArrivalMs === null ? null : ageOnArrivalMs + delayMs + performance.now() - part.arrivedAt,
    exposureMs: number("x-exposure-ms"),
    gainDb: number("x-gain-db"),
    geometry: readGeometry(part.headers),
    significantBits: number("x-significant-bits"),
    histogram: readHistogram(part.headers.get("x-histogram")),
    clipped: number("x-clipped"),
    underexposed: number("x-underexposed"),
    focus: number("x-focus"),
  };
}

function readHistogram(text) {
  if (!text) return null;
  return text.split(";").map((channel) => channel.split(",").map(Number));
}
