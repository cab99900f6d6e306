/* Steps and plays through the pictures of a job. A picture that loads slower than the speed slows the player; it skips
   nothing, and says the true rate. A missed picture shows its reason for as long as one picture. */
import { addressOf } from "../../microscope/api.js";
import { elapsedMs, markNow } from "../../microscope/elapsed.js";
import { formatTime } from "../../microscope/shell.js";
import { Slots } from "./slots.js";

const PATIENCE_MS = 10_000;
// Over so many pictures the true rate is counted.
const COUNTED = 10;
const SHOWN_AS_THEY_ARE = new Set(["jpg"]);

const byId = (id) => document.getElementById(id);
const format = (number) => number.toLocaleString("en-GB");

export class Player {
  constructor(page, onShown) {
    this.page = page;
    this.onShown = onShown;
    this.slots = new Slots(page.dataset.id);
    this.expected = Number(page.dataset.expected);
    this.number = Number(byId("player").dataset.number) || 0;
    this.wanted = this.number;
    this.decided = this.number;
    this.moments = [];
  }

  get speed() {
    return Number(document.querySelector("input[name=speed]:checked").value);
  }

  get isPlaying() {
    return Boolean(this.playing);
  }

  get isFollowing() {
    return byId("follow").checked;
  }

  /** So many slots are decided now. */
  noteDecided(decided) {
    const isNews = decided > this.decided;
    this.decided = decided;
    if (isNews && this.isFollowing && !this.isPlaying) this.show(decided);
    else this.sayPlace();
  }

  step(way) {
    this.stop();
    byId("follow").checked = false;
    return this.show(this.wanted + way);
  }

  jump(number) {
    this.stop();
    byId("follow").checked = number >= this.decided && !byId("follow-label").hidden;
    return this.show(number);
  }

  toggle() {
    if (this.isPlaying) this.stop();
    else this.play();
  }

  async play() {
    const own = (this.playing = {});
    byId("follow").checked = false;
    this.moments = [];
    this.sayPlaying();
    if (this.number >= this.decided) await this.show(1);
    while (this.playing === own && this.number < this.decided) {
      const began = markNow();
      if (!(await this.show(this.number + 1))) break;
      await new Promise((resolve) => setTimeout(resolve, Math.max(1000 / this.speed - elapsedMs(began), 0)));
      this.countRate();
    }
    if (this.playing === own) this.stop();
  }

  stop() {
    this.playing = null;
    this.sayPlaying();
  }

  /** Returns true if it is shown now; false if another was asked for meanwhile, or if it could not be loaded. */
  async show(number) {
    const wanted = Math.min(Math.max(number, 1), this.decided);
    if (!wanted) return false;
    this.wanted = wanted;
    try {
      const slot = await this.slots.find(wanted);
      const picture = slot.imageId ? await load(this.addressOf(slot.imageId)) : null;
      if (this.wanted !== wanted) return false;
      this.put(wanted, slot, picture);
      return true;
    } catch (problem) {
      if (this.wanted === wanted) this.say(`No. ${format(wanted)}`, problem.message);
      return false;
    }
  }

  /** Browsers show JPEG as it is; of all else the server makes one. */
  addressOf(imageId) {
    const query = SHOWN_AS_THEY_ARE.has(this.page.dataset.format) ? "" : "?as=jpg&quality=90";
    return addressOf(`/api/v1/images/${imageId}/file${query}`);
  }

  put(number, slot, picture) {
    this.number = number;
    const shown = byId("picture");
    if (picture) shown.src = picture.src;
    shown.hidden = !picture;
    shown.alt = picture ? `Picture ${number}` : "";
    this.say(picture ? "" : `No. ${format(number)} ${slot.state === "missed" ? "missed" : ""}`, slot.reason || (picture ? "" : "Not in the list yet."));
    byId("player-time").textContent = slot.dueAt ? formatTime(slot.dueAt) : "";
    this.sayPlace();
    this.onShown(number, slot);
  }

  say(head, words) {
    const place = byId("stage-missed");
    place.replaceChildren(Object.assign(document.createElement("strong"), { textContent: head }), words);
    place.hidden = !head;
  }

  sayPlace() {
    if (!this.number) return;
    const seek = byId("seek");
    byId("player-number").textContent = `No. ${format(this.number)} of ${format(this.expected)}`;
    seek.value = this.number;
    seek.setAttribute("aria-valuetext", `No. ${this.number} ${byId("player-time").textContent}`);
    mark(byId("earlier"), this.number > 1, this.number - 1);
    mark(byId("later"), this.number < this.decided, this.number + 1);
  }

  sayPlaying() {
    const { isPlaying } = this;
    byId("play").setAttribute("aria-pressed", String(isPlaying));
    byId("play").setAttribute("aria-label", isPlaying ? "Pause playing" : "Play");
    byId("play").querySelector("use").setAttribute("href", isPlaying ? "#icon-pause" : "#icon-play");
    if (!isPlaying) byId("rate").textContent = "a second";
  }

  countRate() {
    this.moments = [...this.moments, markNow()].slice(-COUNTED - 1);
    if (this.moments.length <= COUNTED) return;
    const rate = (COUNTED * 1000) / elapsedMs(this.moments[0]);
    byId("rate").textContent = rate < 0.9 * this.speed ? `a second, ${rate.toPrecision(2)} as they load` : "a second";
  }
}

function mark(link, isThere, number) {
  for (const name of ["role", "aria-disabled"]) link.removeAttribute(name);
  if (isThere) link.href = `?no=${number}`;
  else {
    link.removeAttribute("href");
    link.setAttribute("role", "link");
    link.setAttribute("aria-disabled", "true");
  }
}

/** The picture, decoded. Raises an error that says so if it does not come. */
async function load(address) {
  const picture = new Image();
  picture.src = address;
  let timer = null;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("The picture does not come.")), PATIENCE_MS)));
  try {
    await Promise.race([picture.decode(), late]);
  } catch (problem) {
    throw new Error(problem.name === "EncodingError" ? "The picture cannot be loaded." : problem.message);
  } finally {
    clearTimeout(timer);
  }
  return picture;
}
