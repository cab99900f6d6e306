/* Exposure and gain, set by hand or by the camera itself. The fields show what the camera accepted. */
import { patch, post } from "../../microscope/api.js";
import { Control } from "./control.js";
import { cameraDeadlineMs } from "./deadlines.js";

const ADDRESS = "/api/v1/camera/settings";
const MAX_EXPOSURES = 4;
const MAX_AUTO_EXPOSURES = 10;
const MIN_INTERVAL_MS = 100;
const THIRD_OF_A_STOP = 2 ** (1 / 3);
const OTHERS_NOTE_MS = 10_000;
const BUSY_NOTE_AFTER_MS = 150;

const byId = (id) => document.getElementById(id);

export class Settings {
  /** `onForeign()`: the frames show an exposure that is not ours, so the camera's state should be requested. */
  constructor(maySet, onForeign) {
    this.maySet = maySet;
    this.onForeign = onForeign;
    this.isAway = true;
    this.isHeld = false;
    this.wanted = {};
    this.isSending = false;
    this.isAutomatic = false;
    this.sentAt = -Infinity;
    this.answeredAt = -Infinity;
    const want = (name) => (value, isLast) => this.want({ [name]: value }, isLast);
    this.exposure = new Control("exposure", { isLog: true, unit: "ms", format: formatExposure, onWant: want("exposure") });
    this.gain = new Control("gain", { isLog: false, unit: "dB", format: formatGain, onWant: want("gain") });
    byId("auto-exposure").addEventListener("click", () => this.setAutomatically());
  }

  get exposureMs() {
    return this.exposure.accepted;
  }

  /** `askedAt`: when this state was requested. One that was requested before our last change does not contain it. */
  noteCamera(state, askedAt) {
    this.setAway(Boolean(state.cause) || !state.settings);
    byId("auto-exposure").hidden = !state.autoExposure;
    if (state.limits) {
      this.exposure.setLimits(state.limits.exposure);
      this.gain.setLimits(state.limits.gain);
    }
    if (state.settings && !this.isChanging && askedAt >= this.answeredAt) this.takeOver(state);
  }

  takeOver({ settings, settingsBy }) {
    for (const name of ["exposure", "gain"]) {
      const isForeign = this[name].accepted !== null && this[name].accepted !== settings[name];
      this[name].accept(settings[name]);
      if (isForeign) this.sayForeign(this[name], settingsBy[name]);
    }
  }

  sayForeign(control, who) {
    const since = Date.now();
    const say = () => {
      const age = Math.round((Date.now() - since) / 1000);
      if (age * 1000 > OTHERS_NOTE_MS) return;
      control.say(`Set by ${who ?? "someone else"}, ${age} s ago`);
      control.noteTimer = setTimeout(say, 1000);
    };
    say();
  }

  /** Frames with other settings than ours mean that somebody else changed them. */
  noteFrame({ exposureMs, gainDb }) {
    if (this.isChanging || exposureMs === null || this.exposure.accepted === null) return;
    const isOurs = isNear(exposureMs, this.exposure.accepted) && isNear(gainDb, this.gain.accepted);
    this.foreignFrames = isOurs ? 0 : (this.foreignFrames ?? 0) + 1;
    if (this.foreignFrames === 5) this.onForeign();
  }

  noteLoss() {
    this.setAway(true);
  }

  setAway(isAway) {
    this.isAway = isAway;
    byId("settings").disabled = isAway || this.isHeld || !this.maySet;
  }

  /** Somebody else controls the camera. What is being typed or sent here is no longer wanted. */
  setHeld(isHeld) {
    this.isHeld = isHeld;
    this.setAway(this.isAway);
    if (!isHeld) return;
    this.wanted = {};
    for (const part of [this.exposure, this.gain]) part.giveUp();
  }

  get isChanging() {
    return this.isSending || this.isAutomatic || Object.keys(this.wanted).length > 0 || performance.now() - this.sentAt < 1000;
  }

  stepExposure(direction) {
    if (byId("settings").disabled || !this.exposure.limits) return;
    const { minimum, maximum } = this.exposure.limits;
    const stepped = this.wanted.exposure ?? this.lastAsked ?? this.exposureMs;
    const value = Math.min(Math.max(stepped * THIRD_OF_A_STOP ** direction, minimum), maximum);
    this.lastAsked = value;
    const rounded = Number(value.toPrecision(4));
    this.exposure.place(rounded);
    this.want({ exposure: Math.min(Math.max(rounded, minimum), maximum) }, true);
  }

  /** Sends at most ten values a second, one request at a time. The last value is always sent. */
  want(change, isLast) {
    Object.assign(this.wanted, change);
    if (this.isSending) return;
    clearTimeout(this.sendTimer);
    const waitMs = this.sentAt + MIN_INTERVAL_MS - performance.now();
    if (waitMs <= 0 || isLast) this.send();
    else this.sendTimer = setTimeout(() => this.send(), waitMs);
  }

  async send() {
    const asked = this.wanted;
    if (this.isSending || Object.keys(asked).length === 0) return;
    this.wanted = {};
    this.isSending = true;
    this.sentAt = performance.now();
    const busyTimer = setTimeout(() => this.sayBusy(asked), BUSY_NOTE_AFTER_MS);
    try {
      this.acceptAll(await patch(ADDRESS, asked, { deadlineMs: cameraDeadlineMs(MAX_EXPOSURES) }), asked);
    } catch (problem) {
      this.refuse(problem, asked);
    }
    clearTimeout(busyTimer);
    this.isSending = false;
    if (Object.keys(this.wanted).length > 0) this.want({}, false);
  }

  sayBusy(asked) {
    for (const name of Object.keys(asked)) this[name].say("Setting…", "", true);
  }

  /** While a newer value is being sent, the field shows the newer value. */
  acceptAll(accepted, asked) {
    this.answeredAt = performance.now();
    for (const name of ["exposure", "gain"]) {
      if (name in this.wanted) continue;
      if (name in asked) this[name].accept(accepted[name], asked[name]);
      else this[name].accept(accepted[name]);
    }
    if (!("exposure" in this.wanted)) this.lastAsked = undefined;
  }

  refuse(problem, asked) {
    for (const name of Object.keys(asked)) this[name].refuse(problem.errors?.[name]?.[0] ?? problem.message);
    this.lastAsked = undefined;
    if (problem.isUnanswered) this.onForeign(); // the camera's next state says which value is in force
  }

  async setAutomatically() {
    const button = byId("auto-exposure");
    if (button.hidden || byId("settings").disabled || this.isAutomatic) return;
    this.isAutomatic = true;
    button.setAttribute("aria-busy", "true");
    button.textContent = "Setting…";
    const deadlineMs = cameraDeadlineMs(MAX_AUTO_EXPOSURES, this.exposure.limits?.maximum);
    try {
      this.acceptAll(await post("/api/v1/camera/auto-exposure", {}, { deadlineMs }), {});
      this.sentAt = performance.now();
      this.exposure.say(`Auto set ${formatExposure(this.exposureMs)} ms`, "accepted");
    } catch (problem) {
      this.exposure.say(problem.message, "refused", true);
    }
    this.isAutomatic = false;
    button.textContent = "Auto";
    button.removeAttribute("aria-busy");
  }

  /** A request for the settings makes the server look for the camera at once. It changes nothing. */
  async wakeCamera() {
    if (!this.maySet) return;
    await patch(ADDRESS, {}, { deadlineMs: cameraDeadlineMs(MAX_EXPOSURES) }).catch(() => null);
  }
}

function formatExposure(value) {
  if (value < 0.1) return String(Number(value.toPrecision(4)));
  const text = String(Number(value.toFixed(3)));
  return value < 100 && Number(text) === Number(value.toFixed(2)) ? value.toFixed(2) : text;
}

function formatGain(value) {
  const isRound = Math.abs(value * 10 - Math.round(value * 10)) < 1e-6;
  return isRound ? value.toFixed(1) : String(Number(value.toFixed(3)));
}

function isNear(one, other) {
  return one === null || other === null || Math.abs(one - other) <= 1e-3 * Math.max(Math.abs(one), Math.abs(other), 0.1);
}
