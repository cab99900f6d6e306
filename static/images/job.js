/* One job: its parts renew themselves, and its pictures are played. Each task is a module of its own in job/. */
import { addressOf } from "../microscope/api.js";
import { onKey } from "../microscope/keys.js";
import { Tools } from "./image/tools.js";
import { connectActs } from "./job/acts.js";
import { connectCountdowns } from "./job/countdown.js";
import { Parts } from "./job/parts.js";
import { Player } from "./job/player.js";
import { JobViewer } from "./job/viewer.js";
import { connectSharing } from "./share.js";

const POLL_MS = 2000;
const SWIPE_PX = 64;

const byId = (id) => document.getElementById(id);
const page = byId("job");

const viewer = new JobViewer(page);
new Tools(viewer, page);
const player = new Player(page, showPlace);
let shownImageId = page.dataset.image ?? null;

const parts = new Parts(page, { pollMs: POLL_MS, onNews: takeNews });
const tick = connectCountdowns(parts);
connectActs(page, parts);
connectSharing(byId("share"), () => ({ job: Number(page.dataset.id) }));
for (const id of ["play", "speeds", "rate", "seek"]) byId(id).hidden = false;
byId("follow-label").hidden = byId("verdict-numbers").dataset.isOver === "true";
if (byId("follow-label").hidden) byId("follow").checked = false;
readNumbers();
scrollFilm();
parts.ask();

function readNumbers() {
  player.noteDecided(Number(byId("verdict-numbers").dataset.decided));
}

function takeNews({ isOver }) {
  tick();
  readNumbers();
  markFilm();
  if (player.isFollowing) scrollFilm();
  const said = document.querySelector(".job-state").textContent;
  if (byId("job-news").textContent !== said) byId("job-news").textContent = said;
  if (isOver) byId("follow-label").hidden = true;
}

function showPlace(number, slot) {
  shownImageId = slot.imageId;
  byId("tool-open").disabled = !shownImageId;
  markFilm();
}

function markFilm() {
  for (const tile of page.querySelectorAll(".film-tile")) {
    tile.toggleAttribute("aria-current", Number(tile.dataset.number) === player.number && !("missed" in tile.dataset));
  }
}

/** To the tile of the picture, or to the newest while it follows. */
function scrollFilm() {
  const list = page.querySelector(".film ol");
  const tile = list?.querySelector("[aria-current]")?.parentElement;
  if (!tile) return;
  const [across, down] = player.isFollowing ? [list.scrollWidth, list.scrollHeight] : [tile.offsetLeft - list.clientWidth / 3, tile.offsetTop - list.clientHeight / 3];
  list.scrollTo(across, down);
}

function openShown() {
  if (shownImageId) location.assign(addressOf(`/images/${shownImageId}/`));
}

/** The numbers at which gaps begin, as the film has them. */
function gaps() {
  return [...page.querySelectorAll(".film-tile[data-missed]")].map((tile) => Number(tile.dataset.number)).sort((one, other) => one - other);
}

function goTo(find) {
  const number = find(gaps());
  if (number) player.jump(number);
}

page.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.matches(".film-tile[aria-current]")) openShown();
  else player.jump(Number(new URLSearchParams(link.search).get("no")) || player.decided);
});
byId("play").addEventListener("click", () => player.toggle());
byId("seek").addEventListener("input", ({ target }) => player.jump(Number(target.value)));
byId("follow").addEventListener("change", ({ target }) => target.checked && player.jump(player.decided));
byId("tool-open").addEventListener("click", openShown);

onKey(" ", () => player.toggle());
onKey("ArrowLeft", () => player.step(-1), { isRepeated: true });
onKey("ArrowRight", () => player.step(1), { isRepeated: true });
onKey("Home", () => player.jump(1));
onKey("End", () => player.jump(player.decided));
onKey("[", () => goTo((all) => all.filter((number) => number < player.number).at(-1)));
onKey("]", () => goTo((all) => all.find((number) => number > player.number)));
onKey("Enter", openShown);
onKey("Escape", () => document.fullscreenElement || byId("back").click());

let touched = null;
viewer.element.addEventListener("pointerdown", (event) => (touched = event.pointerType === "touch" && event.isPrimary && viewer.isFitted ? event : null));
viewer.element.addEventListener("pointerup", (event) => {
  const way = touched && event.isPrimary ? event.clientX - touched.clientX : 0;
  const isAcross = touched && Math.abs(way) > 2 * Math.abs(event.clientY - touched.clientY);
  touched = null;
  if (isAcross && Math.abs(way) > SWIPE_PX) player.step(way > 0 ? -1 : 1);
});
