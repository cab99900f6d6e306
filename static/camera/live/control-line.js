/* The line under the top bar: who controls the camera, why, until when, and what one can do. */
import { addressOf } from "../../microscope/api.js";
import { giveControl, pauseJob, release, takeControl, withdrawAsk } from "../../microscope/control/acts.js";
import { openAsked, openNotNow } from "../../microscope/control/answering.js";
import { closeNotice, isNoticeClosed, nameNotice } from "../../microscope/control/closed-notice.js";
import { currentControl, heardSecondsAgo, onControl } from "../../microscope/control/state.js";
import { describeControl } from "../../microscope/control/words.js";
import { icon } from "../../microscope/icon.js";
import { showToast } from "../../microscope/shell.js";
import { openAsk, openKeep, openTakeOver } from "./control-dialogs.js";

const TICK_MS = 250;
const RUN = {
  ask: openAsk,
  give: giveControl,
  keep: openKeep,
  "not-now": openNotNow,
  "pause-job": ({ jobId }) => pauseJob(jobId),
  release,
  take: takeControl,
  "take-over": openTakeOver,
  withdraw: withdrawAsk,
};

const byId = (id) => document.getElementById(id);

export class ControlLine {
  constructor() {
    this.place = byId("control-line");
    this.news = byId("control-news");
    onControl(() => this.draw());
    setInterval(() => this.draw(), TICK_MS);
  }

  draw() {
    const control = currentControl();
    if (!control) return;
    // What happened to one's control before one has it again is over.
    if (control.isMine && control.notice) closeNotice(nameNotice(control.notice));
    const line = describeControl(control, heardSecondsAgo(), isNoticeClosed(control));
    const key = line && `${line.key} ${line.acts.map(({ label }) => label)}`;
    if (key !== this.key) this.build(line);
    this.key = key;
    if (line) this.write(line);
    if (line) this.writeWatchers(control);
  }

  /** Another line begins: it fades in, and screen readers are told. */
  build(line) {
    const hadFocus = this.place.contains(document.activeElement);
    this.place.querySelector(".control-said")?.remove();
    this.text = null;
    this.news.textContent = line ? join([line.strong, ...line.rest]) : "";
    if (line) this.place.append(this.makeLine(line));
    if (hadFocus) (this.place.querySelector("button, a") ?? byId("viewport")).focus({ preventScroll: true });
  }

  makeLine(line) {
    const said = make("div", "control-said");
    if (line.tone) said.dataset.tone = line.tone;
    this.text = make(line.opensAsk ? "button" : "p", "control-text");
    if (line.opensAsk) Object.assign(this.text, { type: "button", onclick: openAsked });
    this.watchers = line.hasNoWatchers ? null : makeWatchers();
    const main = line.acts.find(({ isMain }) => isMain) ?? line.acts.at(-1);
    said.append(drawShape(line), this.text, this.watchers ?? "", ...line.acts.map((act) => this.makeAct(act, act === main)));
    if (line.opensAsk) said.append(this.makeNarrow("Answer…", openAsked));
    if (line.closes) said.append(this.makeCross(line.closes));
    return said;
  }

  makeAct(act, isMain) {
    const names = [make("span", "control-wide", act.label), make("span", "control-narrow", act.narrow ?? act.label)];
    const kind = `control-act${isMain ? " is-main" : ""}${act.isExtra ? " is-extra" : ""}`;
    if (act.name === "open-job") {
      const link = make("a", `button ${kind}`, ...names);
      link.href = addressOf(`/jobs/${act.jobId}/`);
      return link;
    }
    const button = make("button", kind, ...names);
    button.type = "button";
    button.addEventListener("click", () => this.run(button, () => RUN[act.name](act)));
    return button;
  }

  makeNarrow(label, run) {
    const button = make("button", "control-act is-main control-narrow", label);
    button.type = "button";
    button.addEventListener("click", run);
    return button;
  }

  makeCross(name) {
    const button = make("button", "icon-button control-close", icon("cross", true));
    Object.assign(button, { type: "button", ariaLabel: "Close" });
    button.addEventListener("click", () => {
      closeNotice(name);
      this.draw();
    });
    return button;
  }

  async run(button, act) {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await act();
    } catch (problem) {
      showToast({ message: problem.message, isError: true });
    }
    button.ariaBusy = "false";
  }

  /** What counts on is written anew; the buttons stay. */
  write(line) {
    const whole = JSON.stringify([line.strong, line.rest, line.narrow]);
    if (this.written === whole && this.text.hasChildNodes()) return;
    this.written = whole;
    this.text.title = join([line.strong, ...line.rest]);
    this.text.replaceChildren(writeWords("control-wide", line), writeWords("control-narrow", line.narrow));
  }

  writeWatchers({ watchers, watcherNames }) {
    if (!this.watchers) return;
    const key = JSON.stringify([watchers, watcherNames]);
    if (this.watchers.dataset.key === key) return;
    this.watchers.dataset.key = key;
    this.watchers.querySelector(".control-count").textContent = String(watchers);
    this.watchers.querySelector("summary").ariaLabel = `${watchers} ${watchers === 1 ? "watches" : "watch"}. Show who`;
    const names = watcherNames.map((name) => make("li", "", name));
    this.watchers.querySelector("ul").replaceChildren(...names);
  }
}

function makeWatchers() {
  const details = make("details", "menu control-watchers");
  const summary = make("summary", "", icon("people", true), make("span", "control-count"));
  const list = make("div", "menu-list", make("p", "menu-name", "Watching now"), make("ul", ""));
  details.append(summary, list);
  return details;
}

function drawShape({ shape, initials }) {
  if (shape === "own") return make("span", "control-dot");
  if (shape !== "person") return icon(shape);
  const avatar = make("span", "avatar control-avatar", initials);
  avatar.ariaHidden = "true";
  return avatar;
}

function writeWords(className, { strong, rest }) {
  const parts = rest.filter(Boolean).map((part) => (Array.isArray(part) ? make("strong", "", ...part) : part));
  return make("span", className, make("strong", "", strong), make("span", "control-rest", ...parts));
}

function join(parts) {
  return parts.filter(Boolean).flat().join("");
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}
