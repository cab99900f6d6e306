/* Loads older images while one scrolls, about a page ahead. */
import { get } from "../../microscope/api.js";

const PER_PAGE = 60;
const MAX_PER_PAGE = 200;
const AHEAD = "100% 0px";

export class Paging {
  constructor(grid) {
    this.grid = grid;
    this.place = document.getElementById("more");
    this.cursor = grid.element.dataset.cursor ?? null;
    this.loading = null;
    this.onEnd = () => {};
    this.observer = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && this.load(), { rootMargin: AHEAD });
  }

  start() {
    if (this.cursor) this.observer.observe(this.place);
  }

  get isAtEnd() {
    return this.cursor === null;
  }

  /** Load one more page. A second call during loading does nothing. */
  load(limit = PER_PAGE) {
    this.loading ??= this.fetchPage(Math.min(limit, MAX_PER_PAGE)).finally(() => (this.loading = null));
    return this.loading;
  }

  async fetchPage(limit) {
    if (this.isAtEnd) return;
    this.say("Loading older images");
    try {
      const query = new URLSearchParams(this.grid.element.dataset.query);
      query.set("limit", limit);
      query.set("cursor", this.cursor);
      if (this.grid.isStacked) query.set("stacked", "true");
      this.take(await get(`/api/v1/images?${query}`));
    } catch (problem) {
      this.offerAgain(problem.message);
    }
  }

  take({ results, next }) {
    for (const image of results) this.grid.add(image);
    this.cursor = next && new URL(next, location.href).searchParams.get("cursor");
    this.say(this.isAtEnd ? "No older images" : "");
    document.getElementById("grid-news").textContent = `${results.length} older images loaded`;
    this.observer.unobserve(this.place);
    this.start(); // a new observation reports at once if there is still space on the screen
    if (this.isAtEnd) this.onEnd();
  }

  /** There are no more pages. */
  end() {
    this.cursor = null;
    this.observer.unobserve(this.place);
    this.say("");
  }

  say(words) {
    this.place.replaceChildren(words);
  }

  offerAgain(sentence) {
    this.observer.unobserve(this.place);
    const again = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again" });
    again.addEventListener("click", () => this.load());
    this.place.replaceChildren(sentence, again);
  }
}
