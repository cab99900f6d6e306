/* A line along a known length gives the size of a pixel. The server computes it, as it will be saved. */
import { post } from "../microscope/api.js";
import { connectDraft } from "../microscope/drafts.js";
import { onKey } from "../microscope/keys.js";
import { Loupe } from "./image/loupe.js";
import { Rulers } from "./image/rulers.js";
import { Result } from "./image/calibration-result.js";
import { ViewTools } from "./image/tools.js";
import { Viewer } from "./image/viewer.js";

const PATIENCE_MS = 120;
const KEPT = "calibrate-length";
const FIELDS = ["x1", "y1", "x2", "y2"];

const byId = (id) => document.getElementById(id);
const page = byId("calibrate");
const image = { ...page.dataset, width: Number(page.dataset.width), height: Number(page.dataset.height) };
page.style.setProperty("--frame-shape", `${image.width} / ${image.height}`);

const viewer = new Viewer(image);
new ViewTools(viewer, page);
const loupes = ["1", "2"].map((end) => new Loupe(byId(`loupe-${end}`), image));
const result = new Result();
const rulers = new Rulers(viewer, { onChange: follow, onDrawn: endDrawing });

let asked = 0;
let timer = null;

/** There is one line: drawing another moves it. */
const ruler = rulers.only({ x1: image.width / 4, y1: image.height / 2, x2: (image.width * 3) / 4, y2: image.height / 2 });

function setDrawing(isOn) {
  byId("tool-draw").setAttribute("aria-pressed", String(isOn));
  rulers.setDrawing(isOn);
}

/** After the line is drawn, the user moves its ends. Dragging then moves the picture again. */
function endDrawing() {
  setDrawing(false);
  byId("stage-hint").hidden = true;
}

function follow({ line }) {
  for (const name of FIELDS) if (document.activeElement !== byId(name)) byId(name).value = line[name];
  loupes[0].show(line.x1, line.y1);
  loupes[1].show(line.x2, line.y2);
  workOutSoon();
}

function lengthUm() {
  return byId("length").valueAsNumber * Number(byId("unit").value);
}

function workOutSoon() {
  byId("save").disabled = true;
  byId("calibrate-told").textContent = "";
  timer ??= setTimeout(workOut, PATIENCE_MS);
}

function workOut() {
  timer = null;
  ask(false);
}

function readTyped() {
  const [objective, length, unit] = ["objective", "length", "unit"].map((id) => byId(id).value);
  return { line: ruler.line, objective, length, unit };
}

/** The line and length that are not saved yet. */
function isToBeKept() {
  return byId("calibrate-told").textContent === "" && JSON.stringify(readTyped()) !== untouched;
}

function restoreTyped({ line, objective, length, unit }) {
  byId("length").value = length;
  byId("unit").value = unit;
  const isOffered = [...byId("objective").options].some(({ value }) => value === objective);
  if (isOffered) byId("objective").value = objective;
  rulers.set(ruler, line);
}

/** If several requests are pending, only the last one counts. */
async function ask(keep) {
  const objective = byId("objective").value;
  if (!objective || !(lengthUm() > 0)) return result.clear(byId("length").value ? "Must be greater than zero." : "");
  const number = ++asked;
  const body = { imageId: Number(image.id), ...ruler.line, lengthUm: lengthUm(), keep };
  try {
    const answer = await post(`/api/v1/objectives/${objective}/calibrations`, body);
    if (number !== asked) return;
    result.show(answer);
    byId("save").disabled = keep;
    if (keep) result.tellKept(byId("objective").selectedOptions[0].textContent, answer);
  } catch (problem) {
    if (number !== asked) return;
    result.refuse(problem);
    byId("save").disabled = !keep;
  }
}

for (const name of FIELDS) {
  byId(name).addEventListener("input", () => {
    const value = byId(name).valueAsNumber;
    if (Number.isFinite(value)) rulers.set(ruler, { [name]: value });
  });
  byId(name).addEventListener("change", () => (byId(name).value = ruler.line[name]));
}
for (const id of ["objective", "length", "unit"]) byId(id).addEventListener("input", workOutSoon);
for (const id of ["length", "unit"]) {
  byId(id).addEventListener("change", () => sessionStorage.setItem(KEPT, JSON.stringify([byId("length").value, byId("unit").value])));
}
byId("calibrate-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (byId("save").disabled) return;
  byId("save").disabled = true;
  ask(true);
});
byId("tool-draw").addEventListener("click", () => setDrawing(!rulers.isDrawing));
onKey("m", () => setDrawing(!rulers.isDrawing));

const [keptLength, keptUnit] = JSON.parse(sessionStorage.getItem(KEPT) ?? '["", "1"]');
byId("length").value = keptLength;
byId("unit").value = keptUnit;
rulers.setShown(true);
setDrawing(true);
follow(ruler);
const untouched = JSON.stringify(readTyped());
connectDraft(`calibrate:${image.id}`, () => (isToBeKept() ? readTyped() : null), restoreTyped);
