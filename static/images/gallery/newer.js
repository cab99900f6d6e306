/* Says that there are newer pictures than the page shows, and puts them there. */
import { addressOf, get } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";
import { format } from "./batches.js";

const POLL_MS = 10_000;
const DEADLINE_MS = 8000;
const PER_PAGE = 200;
// One answer counts no more images than fit on this many pages.
const MAX_PAGES = 10;

const byId = (id) => document.getElementById(id);

export class Newer {
  constructor(grid, paging) {
    this.grid = grid;
    this.paging = paging;
    this.count = 0;
    byId("newer").addEventListener("click", () => this.show());
    setInterval(() => this.ask(), POLL_MS);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  get after() {
    return Number(this.grid.element.dataset.newest);
  }

  query(more) {
    const query = new URLSearchParams(this.grid.element.dataset.query);
    for (const [name, value] of Object.entries(more)) query.set(name, value);
    return query;
  }

  async ask() {
    if (document.hidden || this.isAsking) return;
    this.isAsking = true;
    try {
      this.say(await get(`/api/v1/images/newer?${this.query({ after: this.after })}`, { deadlineMs: DEADLINE_MS }));
    } catch {
      // The status line says that the server does not answer.
    }
    this.isAsking = false;
  }

  /** Screen readers announce only the first new image. */
  say({ count, newest, more }) {
    const words = `${format(count)}${more ? "+" : ""} newer ${count === 1 && !more ? "picture" : "pictures"}`;
    if (Boolean(count) !== Boolean(this.count)) byId("newer-news").textContent = count ? words : "";
    this.count = count;
    this.newest = newest;
    this.isMore = more;
    byId("newer-place").hidden = !count;
    byId("newer").firstElementChild.textContent = words;
  }

  /** Adds the new images. The selection and the loaded images stay. */
  async show() {
    if (this.isShowing) return;
    this.isShowing = true;
    try {
      await this.fetchAll();
      scrollTo({ top: 0 });
      this.say({ count: 0, newest: this.newest, more: false });
      if (this.isMore) this.ask();
      this.grid.shots[0]?.querySelector("a").focus({ preventScroll: true });
    } catch (problem) {
      showToast({ message: problem.message, isError: true });
    }
    this.isShowing = false;
  }

  async fetchAll() {
    const { count, newest } = this;
    const stacked = this.grid.isStacked ? { stacked: true } : {};
    const query = this.query({ idMin: this.after + 1, idMax: newest, limit: PER_PAGE, ...stacked });
    let found = 0;
    for (let address = addressOf(`/api/v1/images?${query}`), page = 0; address && found < count && page < MAX_PAGES; page += 1) {
      const { results, next } = await get(address);
      found += results.reduce((sum, { stack }) => sum + (stack?.count ?? 1), 0);
      for (const image of results) this.add(image);
      address = next;
    }
    this.grid.element.dataset.newest = newest;
  }

  /** Images from before the oldest one on the page are left out: they come with the older images. */
  add(image) {
    const oldest = this.grid.shots.at(-1);
    const isOlder = oldest && new Date(image.capturedAt) < new Date(oldest.dataset.captured);
    if (!isOlder || this.paging.isAtEnd) this.grid.add(image);
  }
}
