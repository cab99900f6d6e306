/* The live page: joins its parts. Each part is a module of its own in live/. */
import { get } from "../microscope/api.js";
import { onKey, showCamera, showState } from "../microscope/shell.js";
import { Capture } from "./live/capture.js";
import { Faults } from "./live/faults.js";
import { Figures } from "./live/figures.js";
import { Focus } from "./live/focus.js";
import { Geometry } from "./live/geometry.js";
import { Histogram } from "./live/histogram.js";
import { arrange } from "./live/layout.js";
import { Optics } from "./live/optics.js";
import { Recent } from "./live/recent.js";
import { Settings } from "./live/settings.js";
import { Stage } from "./live/stage.js";
import { LiveStream } from "./live/stream.js";
import { Tools } from "./live/tools.js";
import { WhiteBalance } from "./live/white-balance.js";

const POLL_MS = 5000;
const POLL_IN_FAULT_MS = 1000;

const page = document.getElementById("live");
const mayCapture = page.hasAttribute("data-may-capture");

const stage = new Stage(document.getElementById("stage"));
const histogram = new Histogram();
const focus = new Focus();
const figures = new Figures();
const recent = new Recent();
const settings = new Settings(mayCapture, refreshCamera);
const optics = new Optics(mayCapture, stage);
const geometry = new Geometry(mayCapture, stage, {
  onAccepted: (accepted) => settings.acceptAll(accepted, {}),
  onChange: refreshCamera,
});
const whiteBalance = new WhiteBalance(geometry);
const capture = new Capture(mayCapture, { settings, stage, recent });
const faults = new Faults(stage, () => tryNow());
const stream = new LiveStream({ onFrame: showFrame, onProblem: noteProblem, onPause: () => stage.pause() });
new Tools(stage);

let pollTimer = null;
let isAsking = false;

function showFrame(frame) {
  if (faults.isShown) endFault();
  else if (settings.isAway && !isAsking) refreshCamera();
  stage.paint(frame);
  showState("streaming");
  histogram.show(frame);
  focus.add(frame);
  figures.show(frame);
  settings.noteFrame(frame);
  optics.noteFrame(frame);
  geometry.noteFrame(frame);
  capture.noteFrame(frame);
}

function endFault() {
  const lastedS = faults.clear();
  page.removeAttribute("data-away");
  if (lastedS !== null) capture.say("Camera back", `after ${lastedS} s`);
  refreshCamera();
}

/** The stream ended or was refused: what is said follows from how the camera is. */
async function noteProblem(problem) {
  if (problem?.code === "too_many_watchers" || problem?.code === "server_unreachable") showProblem(problem, null);
  else await refreshCamera();
}

async function refreshCamera() {
  clearTimeout(pollTimer);
  isAsking = true;
  const askedAt = performance.now();
  let state = null;
  try {
    state = await get("/api/v1/camera");
    noteCamera(state, askedAt);
  } catch (problem) {
    showProblem(problem, null);
  }
  isAsking = false;
  const isWell = state && !state.cause;
  pollTimer = setTimeout(pollCamera, isWell ? POLL_MS : POLL_IN_FAULT_MS);
  return state;
}

function pollCamera() {
  if (document.hidden) pollTimer = setTimeout(pollCamera, POLL_MS);
  else refreshCamera();
}

function noteCamera(state, askedAt) {
  showCamera(state);
  page.toggleAttribute("data-simulated", state.simulated);
  settings.noteCamera(state);
  optics.noteCamera(state);
  geometry.noteCamera(state, askedAt);
  whiteBalance.noteCamera(state);
  figures.noteCamera(state);
  histogram.noteCamera(state);
  capture.noteCamera(state);
  if (state.cause) showProblem(state.cause, state);
  else if (!stream.isRunning) stream.start();
  arrange(stage.frameSize);
}

function showProblem(problem, state) {
  if (state) stream.stop();
  faults.show(problem, state);
  const isCameraGone = problem.code !== "too_many_watchers";
  settings.setAway(isCameraGone);
  page.toggleAttribute("data-away", isCameraGone);
  if (isCameraGone) {
    capture.setAway("No camera. Capture works again when it is back.");
    focus.setAway();
    figures.setAway();
    optics.setAway();
    geometry.setAway(true);
    histogram.setAway();
  }
}

async function tryNow() {
  await settings.wakeCamera();
  await refreshCamera();
  stream.restart();
}

onKey("a", () => settings.setAutomatically());
onKey("[", () => settings.stepExposure(-1));
onKey("]", () => settings.stepExposure(1));
onKey("l", () => histogram.switchScale());
onKey("r", () => focus.reset());

arrange(stage.frameSize);
addEventListener("resize", () => arrange(stage.frameSize));
refreshCamera();
