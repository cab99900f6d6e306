/* One image: joins the parts. Each is a module of its own in image/. */
import { onKey } from "../microscope/keys.js";
import { connectMoveToBin } from "./image/move-to-bin.js";
import { connectCopying } from "./image/copying.js";
import { connectEditing } from "./image/editing.js";
import { Histogram } from "./image/histogram.js";
import { Measuring } from "./image/measuring.js";
import { connectLinks } from "./image/links.js";
import { connectSteps } from "./image/steps.js";
import { Tools } from "./image/tools.js";
import { connectVerifying } from "./image/verifying.js";
import { Viewer } from "./image/viewer.js";
import { connectSharing } from "./share.js";

const PHONE = "(max-width: 719px)";
const page = document.getElementById("image");
const image = { ...page.dataset, width: Number(page.dataset.width), height: Number(page.dataset.height) };

page.style.setProperty("--frame-shape", `${image.width} / ${image.height}`);
if (matchMedia(PHONE).matches) for (const group of [...document.querySelectorAll(".group")].slice(1)) group.open = false;

const viewer = new Viewer(image);
new Tools(viewer, page);
const measuring = new Measuring(viewer, image);
const histogram = new Histogram(image);
connectCopying(image);
connectLinks(image);
connectVerifying(image);
connectSteps(viewer);
connectMoveToBin(image);
connectSharing(document.getElementById("share"), () => ({ images: [Number(image.id)] }));
const edit = connectEditing(image);

onKey("m", () => measuring.toggle());
onKey("l", () => histogram.switchScale());
onKey("d", () => document.getElementById("download").click());
if (edit) onKey("e", edit);
