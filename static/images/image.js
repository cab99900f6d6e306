/* One image: joins the parts. Each is a module of its own in image/. */
import { onKey } from "../microscope/shell.js";
import { tellTimeZone } from "./time-zone.js";
import { connectBinning } from "./image/binning.js";
import { connectCopying } from "./image/copying.js";
import { connectEditing } from "./image/editing.js";
import { Histogram } from "./image/histogram.js";
import { Measuring } from "./image/measuring.js";
import { connectOpening } from "./image/opening.js";
import { connectSteps } from "./image/steps.js";
import { Tools } from "./image/tools.js";
import { connectVerifying } from "./image/verifying.js";
import { Viewer } from "./image/viewer.js";

const PHONE = "(max-width: 719px)";
const page = document.getElementById("image");
const image = { ...page.dataset, width: Number(page.dataset.width), height: Number(page.dataset.height) };

tellTimeZone(image.zone);
page.style.setProperty("--frame-shape", `${image.width} / ${image.height}`);
if (matchMedia(PHONE).matches) for (const group of [...document.querySelectorAll(".group")].slice(1)) group.open = false;

const viewer = new Viewer(image);
new Tools(viewer, page);
const measuring = new Measuring(viewer, image);
const histogram = new Histogram(image);
connectCopying(image);
connectOpening(image);
connectVerifying(image);
connectSteps(viewer);
connectBinning(image);
const edit = connectEditing(image);

onKey("m", () => measuring.toggle());
onKey("l", () => histogram.switchScale());
onKey("d", () => document.getElementById("download").click());
if (edit) onKey("e", edit);
