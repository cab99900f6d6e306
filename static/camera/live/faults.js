/* The card in the stage: what is wrong, since when, and when it is tried again. */
import { formatTime } from "../../microscope/shell.js";

const RETRY_S_BY_CODE = { too_many_watchers: 5, server_unreachable: 2, no_answer: 2 };
const TITLES = {
  camera_lost: "Camera lost",
  camera_library_missing: "No camera library",
  camera_not_found: "No camera found",
  camera_in_use: "Camera in use",
  camera_access_denied: "No access to the camera",
  camera_not_responding: "Camera does not respond",
  camera_closed: "The program is stopping",
  too_many_watchers: "Too many viewers",
  server_unreachable: "Server not reachable",
  no_answer: "No response from the server",
};
const LOST = new Set(["camera_lost", "camera_not_found", "camera_unavailable"]);
const HOPES = {
  too_many_watchers: "You will be connected when a viewer leaves. You can still capture.",
  server_unreachable: "The page keeps trying to reconnect.",
  no_answer: "The page keeps trying to reconnect.",
};
const HOPE = "The program keeps trying to reconnect, with your settings. All captured images are safe.";

const byId = (id) => document.getElementById(id);

export class Faults {
  constructor(stage, onTry) {
    this.stage = stage;
    this.card = byId("stage-card");
    this.code = this.title = null;
    byId("card-try").addEventListener("click", () => this.tryNow(onTry));
    byId("card-check").addEventListener("click", () => this.toggleChecks());
    setInterval(() => this.isShown && this.tick(), 250);
  }

  get isShown() {
    return this.code !== null;
  }

  /** `state`: the state of the camera, or null if the fault is not the camera's. */
  show(problem, state) {
    const title = titleOf(problem, state);
    const isNew = this.title !== title;
    Object.assign(this, { code: problem.code, message: problem.message, title });
    if (isNew) this.begin(problem, state);
    if (state) this.since = new Date(state.since);
    this.planNextTry(state ? state.nextTryIn : (RETRY_S_BY_CODE[problem.code] ?? null));
    this.stage.lose();
    this.tick();
  }

  begin({ code, message }, state) {
    this.since = new Date();
    const isCrowded = code === "too_many_watchers";
    byId("card-title").textContent = this.title;
    byId("card-icon").setAttribute("href", isCrowded ? "#icon-people" : "#icon-plug");
    byId("card-hope").textContent = HOPES[code] ?? HOPE;
    byId("card-try").textContent = isCrowded ? "Try again" : "Try now";
    byId("card-check").hidden = !state;
    byId("card-checks").hidden = true;
    byId("stage-news").textContent = `${this.title}. ${message}`;
    this.card.classList.toggle("is-calm", isCrowded);
    this.card.hidden = false;
  }

  /** Seconds that the fault lasted; null if this page has never seen the camera before. */
  clear() {
    const hadPictures = this.stage.hasPicture;
    const lastedS = Math.round((Date.now() - this.since) / 1000);
    const wasCamera = this.code !== "too_many_watchers";
    this.code = this.title = null;
    this.card.hidden = true;
    byId("stage-news").textContent = "";
    return wasCamera && hadPictures ? lastedS : null;
  }

  planNextTry(inS) {
    if (inS === null) {
      this.nextTryAt = null;
      return;
    }
    const at = Date.now() + inS * 1000;
    const isPlanned = this.nextTryAt && Math.abs(at - this.nextTryAt) < 700;
    if (isPlanned) return;
    this.nextTryAt = at;
    this.waitMs = Math.max(at - Date.now(), 1);
  }

  tick() {
    if (this.code === "too_many_watchers") byId("card-what").textContent = this.message;
    else this.tellSince();
    const remainingMs = this.nextTryAt ? Math.max(0, this.nextTryAt - Date.now()) : null;
    const seconds = Object.assign(document.createElement("strong"), { textContent: `${Math.ceil((remainingMs ?? 0) / 1000)} s` });
    byId("card-next").replaceChildren(...(remainingMs ? ["Next try in ", seconds] : ["Trying…"]));
    byId("card-wait").value = remainingMs === null ? 1 : 1 - remainingMs / this.waitMs;
  }

  tellSince() {
    const agoS = Math.max(0, Math.round((Date.now() - this.since) / 1000));
    const when = Object.assign(document.createElement("strong"), { textContent: formatTime(this.since) });
    byId("card-what").replaceChildren(`${this.message} Since `, when, `, ${describeSpan(agoS)}.`);
  }

  async tryNow(onTry) {
    const button = byId("card-try");
    button.disabled = true;
    this.nextTryAt = null;
    this.tick();
    await onTry();
    button.disabled = false;
  }

  toggleChecks() {
    const list = byId("card-checks");
    list.hidden = !list.hidden;
    byId("card-check").setAttribute("aria-expanded", String(!list.hidden));
  }
}

/** A camera that was open here before is lost, whatever the search for it now finds. */
function titleOf({ code }, state) {
  return state?.model && LOST.has(code) ? TITLES.camera_lost : (TITLES[code] ?? "No camera");
}

function describeSpan(seconds) {
  if (seconds === 1) return "1 second ago";
  if (seconds < 120) return `${seconds} seconds ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes ago`;
  return `${Math.round(seconds / 3600)} hours ago`;
}
