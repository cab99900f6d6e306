/* Small pictures that the browser loads by itself. If one is in sight and does not come within some seconds, it did not
   load: the page says so, and one message offers to try again. If it still comes, it is shown. */
import { isThere } from "./api.js";
import { showToast } from "./toasts.js";

const PATIENCE_MS = 10_000;

export class Pictures {
  /** `show(picture, problem)`: the problem is "", "missing" or "late". `isOffered`: a message
      offers to try again. Without it the owner of the pictures calls `tryAgain`. */
  constructor(show, { isOffered = true } = {}) {
    Object.assign(this, { show, isOffered, timers: new Map(), late: new Set() });
    this.sight = new IntersectionObserver((seen) => seen.forEach((one) => this.wait(one.target, one.isIntersecting)));
  }

  watch(picture) {
    picture.addEventListener("load", () => this.end(picture, ""));
    picture.addEventListener("error", () => this.explain(picture));
    if (!picture.complete) this.sight.observe(picture);
    else if (!picture.naturalWidth) this.explain(picture); // it failed before this script ran
  }

  /** Counts the time only while the picture is visible: the browser may not have requested others yet. */
  wait(picture, isInSight) {
    clearTimeout(this.timers.get(picture));
    if (isInSight && !picture.complete) this.timers.set(picture, setTimeout(() => this.end(picture, "late"), PATIENCE_MS));
  }

  /** A failed load does not say if the file is missing or if the server did not respond, so ask. */
  async explain(picture) {
    const has = await isThere(picture.src, { deadlineMs: PATIENCE_MS }).catch(() => true);
    this.end(picture, has ? "late" : "missing");
  }

  end(picture, problem) {
    clearTimeout(this.timers.get(picture));
    this.timers.delete(picture);
    this.show(picture, problem);
    if (problem === "late") this.late.add(picture);
    else this.late.delete(picture);
    if (this.late.size === 0) this.offer?.remove();
    else if (this.isOffered && !this.offer?.isConnected) this.offer = this.offerAgain();
  }

  offerAgain() {
    return showToast({ message: "Some pictures could not be loaded.", action: { label: "Try again", run: () => this.tryAgain() }, isError: true });
  }

  tryAgain() {
    const { late } = this;
    this.late = new Set();
    for (const picture of late) {
      this.show(picture, "");
      this.sight.unobserve(picture);
      picture.src = anew(picture.src);
      this.sight.observe(picture);
    }
  }
}

/** A new address for the same picture: with the old one the browser would keep waiting for the old response. */
function anew(address) {
  const again = new URL(address);
  again.searchParams.set("again", Number(again.searchParams.get("again")) + 1);
  return again.href;
}
