/* Parts of a page that the server renders again: they take the place of the old ones, and focus and place stay. */

// Each rendering has another one.
const CSRF_TOKEN = /name="csrfmiddlewaretoken" value="[^"]*"/g;

export class Replacing {
  constructor(page) {
    this.page = page;
    this.shown = new Map();
  }

  /** Does nothing if it is as before, or while a question in it is open. */
  put(name, html) {
    const place = this.page.querySelector(`[data-part="${name}"]`);
    const text = html.replaceAll(CSRF_TOKEN, "");
    if (!place || this.shown.get(name) === text || place.querySelector(":popover-open")) return;
    this.shown.set(name, text);
    const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
    const [across, down] = [place.querySelector("ol")?.scrollLeft, place.querySelector("ol")?.scrollTop];
    const made = new DOMParser().parseFromString(html, "text/html");
    place.replaceChildren(...[...made.body.childNodes].map((node) => document.importNode(node, true)));
    place.querySelector("ol")?.scrollTo(across ?? 0, down ?? 0);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}
