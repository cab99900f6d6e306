/* The live page: joins its parts. Each part is a module of its own in live/, and has the methods of these that it needs:

   noteFrame(frame)            a picture has come
   noteCamera(state, askedAt)  the state of the camera, and when the page requested it
   noteLoss()                  the camera is away, or the server does not answer
   noteSilence()               no picture has come for so long that the last one's values are out of date

   A new part is one line in `parts`. */
import { get } from "../microscope/api.js";
import { askAnewWith, noteControl, pollPauseMs } from "../microscope/control/state.js";
import { onKey } from "../microscope/keys.js";
import { showCamera, showState } from "../microscope/shell.js";
import { Capture } from "./live/capture.js";
import { ControlLine } from "./live/control-line.js";
import { ControlPanel } from "./live/control-panel.js";
import { noteExposure } from "./live/deadlines.js";
import { connectElsewhere } from "./live/elsewhere.js";
import { Faults } from "./live/faults.js";
import { Figures } from "./live/figures.js";
import { Focus } from "./live/focus.js";
import { Geometry } from "./live/geometry.js";
import { Histogram } from "./live/histogram.js";
import { arrange } from "./live/layout.js";
import { Optics } from "./live/optics.js";
import { Recent } from "./live/recent.js";
import { Settings } from "./live/settings.js";
import { Silence } from "./live/silence.js";
import { Stage } from "./live/stage.js";
import { LiveStream } from "./live/stream.js";
import { Tools } from "./live/tools.js";
import { WhiteBalance } from "./live/white-balance.js";

const POLL_MS = 5000;
const POLL_IN_FAULT_MS = 1000;
const POLL_DEADLINE_MS = 4000;

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
const silence = new Silence(stage, stream, () => tell("noteSilence"));
// The stage comes first, because other parts use the size of its picture.
const parts = [stage, histogram, focus, figures, settings, optics, geometry, whiteBalance, capture, silence];
new Tools(stage);
new ControlLine();
new ControlPanel({ settings, capture, parts: [settings, optics, geometry], onPlace: () => arrange(stage.frameSize) });
connectElsewhere();

let pollTimer = null;
let isAsking = false;
let heardAskedAt = -Infinity;

function tell(method, ...facts) {
  for (const part of parts) part[method]?.(...facts);
}

function showFrame(frame) {
  noteExposure(frame.exposureMs);
  if (faults.isShown) endFault();
  else if (settings.isAway && !isAsking) refreshCamera();
  showState("streaming");
  tell("noteFrame", frame);
}

function endFault() {
  const lastedS = faults.clear();
  page.removeAttribute("data-away");
  if (lastedS !== null) capture.say("Camera back", `after ${lastedS} s`);
  refreshCamera();
}

/** The stream ended or was refused: the state of the camera decides what the page says. */
async function noteProblem(problem) {
  if (problem?.code === "too_many_watchers" || problem?.isUnanswered) showUnanswered(problem);
  else await refreshCamera();
}

async function refreshCamera() {
  clearTimeout(pollTimer);
  isAsking = true;
  const askedAt = performance.now();
  let state = null;
  try {
    state = await get("/api/v1/camera", { deadlineMs: POLL_DEADLINE_MS });
    if (!isPast(askedAt)) noteCamera(state, askedAt);
  } catch (problem) {
    if (!isPast(askedAt)) showUnanswered(problem);
  }
  isAsking = false;
  const isWell = state && !state.cause;
  pollTimer = setTimeout(pollCamera, isWell ? pollPauseMs(POLL_MS) : POLL_IN_FAULT_MS);
  return state;
}

/** True if a request that was sent later has been answered already. */
function isPast(askedAt) {
  if (askedAt < heardAskedAt) return true;
  heardAskedAt = askedAt;
  return false;
}

function pollCamera() {
  if (document.hidden) pollTimer = setTimeout(pollCamera, POLL_MS);
  else refreshCamera();
}

/** If the connection is only silent, the last picture stays and shows its age: see Silence. */
function showUnanswered(problem) {
  const isSilence = problem.code === "no_answer" && stage.hasPicture && !faults.isShown;
  if (!isSilence) showProblem(problem, null);
}

function noteCamera(state, askedAt) {
  showCamera(state, silence.words);
  noteExposure(state.settings?.exposure);
  page.toggleAttribute("data-simulated", state.simulated);
  tell("noteCamera", state, askedAt);
  noteControl(state.control, askedAt);
  if (state.cause) showProblem(state.cause, state);
  else if (!stream.isRunning) stream.start();
  arrange(stage.frameSize);
}

function showProblem(problem, state) {
  if (state) stream.stop();
  faults.show(problem, state);
  if (!state && problem.isUnanswered) showState("fault", faults.title);
  const isCameraGone = problem.code !== "too_many_watchers";
  page.toggleAttribute("data-away", isCameraGone);
  if (isCameraGone) tell("noteLoss");
  else settings.setAway(false);
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
document.addEventListener("visibilitychange", () => document.hidden || refreshCamera());
askAnewWith(refreshCamera);
refreshCamera();
