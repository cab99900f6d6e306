/* The parts of a page that change. The server renders them again; here they take the place of the old ones, one request
   at a time, and none while the page is hidden. */
import { get } from "../../microscope/api.js";
import { Replacing } from "./replacing.js";

const DEADLINE_MS = 8000;
export class Parts {
  /** `onNews(answer)` is called after each change. `isHeld()`: the user is busy with what would change. */
  constructor(page, { pollMs, onNews = () => {}, isHeld = () => false }) {
    Object.assign(this, { page, onNews, isHeld, address: page.dataset.parts, replacing: new Replacing(page), offsetMs: 0 });
    this.timer = setInterval(() => this.ask(), pollMs);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  /** What the clock of the server says: that of the browser may be wrong. */
  get now() {
    return Date.now() + this.offsetMs;
  }

  /** Shows what became of what the user has just done, wherever the pointer is. */
  async askAfterAct() {
    this.isAwaited = true;
    await this.ask();
  }

  async ask() {
    if (document.hidden || this.isAsking) return;
    this.isAsking = true;
    const isAfterAct = this.isAwaited;
    this.isAwaited = false;
    try {
      this.take(await get(this.address, { deadlineMs: DEADLINE_MS }), isAfterAct);
    } catch {
      // The status line says that the server does not answer.
    }
    this.isAsking = false;
    // The user did something meanwhile, so that answer may be older.
    if (this.isAwaited) await this.ask();
  }

  take(answer, isAfterAct) {
    this.offsetMs = new Date(answer.now) - Date.now();
    if (!isAfterAct && this.isHeld()) return;
    for (const [name, html] of Object.entries(answer.parts)) this.replacing.put(name, html);
    if (answer.isOver) clearInterval(this.timer);
    this.onNews(answer);
  }
}
