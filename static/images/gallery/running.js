/* Long work: a bar shows its progress and has a button to stop it. Only one runs at a time. */
const byId = (id) => document.getElementById(id);
// Work that ends sooner needs no progress bar.
const SHOWN_AFTER_MS = 400;

export class Running {
  constructor() {
    this.isOn = false;
    byId("running-stop").addEventListener("click", () => this.stop());
  }

  /** `work` gets {signal, show}: `signal` is aborted by the button Stop, `show(done, all)` moves the bar; `all` may be
      unknown. Returns what `work` returns. */
  async during(words, work) {
    this.isOn = true;
    this.words = words;
    this.controller = new AbortController();
    this.show(0);
    const timer = setTimeout(() => this.appear(), SHOWN_AFTER_MS);
    try {
      return await work({ signal: this.controller.signal, show: (done, all) => this.show(done, all) });
    } finally {
      clearTimeout(timer);
      this.isOn = false;
      this.hide();
    }
  }

  appear() {
    byId("running").hidden = false;
    byId("running-stop").disabled = false;
    byId("running-news").textContent = this.words;
  }

  hide() {
    const hadFocus = byId("running").contains(document.activeElement);
    byId("running").hidden = true;
    byId("running-news").textContent = "";
    if (hadFocus) byId("days").focus({ preventScroll: true });
  }

  show(done, all) {
    const [number, total] = [done, all].map((one) => one?.toLocaleString("en-GB"));
    byId("running-words").textContent = this.words;
    byId("running-count").textContent = total ? `${number} of ${total}` : done ? number : "";
    const bar = byId("running-bar");
    if (total) Object.assign(bar, { max: all, value: done });
    else bar.removeAttribute("value");
  }

  /** Waits for requests that were already sent, so that the result is known. */
  stop() {
    byId("running-stop").disabled = true;
    byId("running-words").textContent = "Stopping";
    this.controller.abort();
  }
}
