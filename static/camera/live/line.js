/* The requests with which one part of the page changes the camera. */

/** Sends one request at a time, in the order of the user's acts: the last act is the one that lasts. */
export class Line {
  constructor() {
    Object.assign(this, { waiting: 0, answeredAt: -Infinity, last: Promise.resolve() });
  }

  /** True until all requests are answered. While `take` runs, its own request is answered. */
  get isBusy() {
    return this.waiting > 0;
  }

  /** Calls `request()` when its turn comes, and then `take(answer)`. Returns what `take` returns. */
  send(request, take) {
    this.waiting += 1;
    const taken = this.last.then(request).finally(() => this.noteAnswer()).then(take);
    this.last = taken.catch(() => {});
    return taken;
  }

  noteAnswer() {
    this.waiting -= 1;
    this.answeredAt = performance.now();
  }

  /** True if a state of the camera that was requested at this time may not contain our last change. */
  isOutdated(askedAt) {
    return this.isBusy || askedAt < this.answeredAt;
  }
}
