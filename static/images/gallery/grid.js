/* Days and their thumbnails, newest first. Added thumbnails look like those of the server. */
import { addressOf } from "../../microscope/api.js";
import { Pictures } from "../../microscope/pictures.js";
import { timeZone } from "../../microscope/shell.js";
import { describeStack, isStack, keyOf, keyOfStack } from "./stacks.js";

const dayTemplate = document.getElementById("day-template");
const shotTemplate = document.getElementById("shot-template");
const stackTemplate = document.getElementById("stack-template");

/* As PLACE_WORDS of the server. */
const PLACE_WORDS = { store: "In the store", conflict: "Store differs", lost: "Lost by the store" };
const PROBLEM_WORDS = { missing: "File missing", late: "Did not load" };

export class Grid {
  constructor(element) {
    this.element = element;
    this.onPlace = () => {};
    this.onGrown = () => {};
    this.isBin = element.hasAttribute("data-bin");
    this.keyOf = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
    this.time = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" });
    this.longDay = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "long", day: "numeric", month: "long", year: "numeric" });
    this.pictures = new Pictures(showProblem);
    for (const picture of element.querySelectorAll("img")) this.pictures.watch(picture);
    this.shown = new Map(this.shots.map((shot) => [idOf(shot), shot]));
    this.stacks = new Map(this.shots.filter(isStack).map((shot) => [keyOfStack(shot), shot]));
    for (const shot of this.shots) uncover(shot);
    for (const day of element.children) uncover(day);
  }

  get shots() {
    return [...this.element.querySelectorAll(".shot")];
  }

  /** The thumbnail of this number, if it is on the page. */
  find(id) {
    return this.shown.get(id);
  }

  /** True if the pictures of a job make one stack here. */
  get isStacked() {
    return this.element.hasAttribute("data-stacked");
  }

  /** Add an image as the API returns it, unless it is on the page. */
  add(image) {
    const stack = image.stack && this.stacks.get(keyOf(image.stack.jobId, image.stack.day));
    if (stack) this.grow(stack, image);
    else if (!this.shown.has(image.imageId)) this.place(this.make(image));
  }

  /** Newer pictures of a stack: the newest of them is what it shows now. */
  grow(shot, image) {
    if (new Date(image.capturedAt) <= new Date(shot.dataset.captured)) return;
    this.take([shot]);
    this.fill(shot, image);
    const more = image.stack.more || shot.hasAttribute("data-more");
    describeStack(shot, { ...image.stack, more }, Number(shot.dataset.count) + image.stack.count);
    this.onGrown(shot);
    this.place(shot);
  }

  /** Insert a new or removed thumbnail at the place of its time. */
  place(shot) {
    const list = this.dayOf(shot.dataset.captured).querySelector(".shots");
    const last = list.lastElementChild;
    const follower = last && isNewer(shot, last) ? [...list.children].find((other) => isNewer(shot, other)) : null;
    list.insertBefore(shot, follower);
    this.shown.set(idOf(shot), shot);
    if (isStack(shot)) this.stacks.set(keyOfStack(shot), shot);
    this.onPlace(shot);
  }

  take(shots) {
    for (const shot of shots) {
      const day = shot.closest(".day");
      shot.remove();
      this.shown.delete(idOf(shot));
      if (isStack(shot)) this.stacks.delete(keyOfStack(shot));
      if (!day?.querySelector(".shot")) day?.remove();
    }
  }

  dayOf(captured) {
    const moment = new Date(captured);
    const key = this.keyOf.format(moment);
    const days = [...this.element.children];
    return days.find((day) => day.dataset.day === key) ?? this.makeDay(key, moment, days);
  }

  makeDay(key, moment, days) {
    const day = dayTemplate.content.firstElementChild.cloneNode(true);
    day.dataset.day = key;
    const long = this.longDay.format(moment).replace(",", "");
    const name = this.nameOf(key);
    const heading = day.querySelector("h2");
    heading.textContent = name ? `${name} ` : long;
    if (name) heading.append(Object.assign(document.createElement("span"), { textContent: long }));
    uncover(day);
    this.element.insertBefore(day, days.find((other) => other.dataset.day < key) ?? null);
    return day;
  }

  nameOf(key) {
    const now = Date.now();
    const today = this.keyOf.format(now);
    if (key === today) return "Today";
    return key === dayBefore(today) ? "Yesterday" : "";
  }

  make(image) {
    const template = image.stack ? stackTemplate : shotTemplate;
    const shot = template.content.firstElementChild.cloneNode(true);
    const name = image.stack?.name ?? (image.sample || image.filename);
    for (const label of shot.querySelectorAll(".tick .unseen, .restore-one .unseen")) label.textContent += ` ${name}`;
    this.fill(shot, image);
    if (image.stack) this.fillStack(shot, image);
    else this.fillSingle(shot, image, name);
    uncover(shot);
    this.pictures.watch(shot.querySelector("img"));
    return shot;
  }

  /** What every thumbnail shows of its picture. */
  fill(shot, image) {
    Object.assign(shot.dataset, { id: image.imageId, captured: image.capturedAt });
    Object.assign(shot.querySelector("img"), { width: image.width, height: image.height, src: image.thumbnailUrl });
    shot.querySelector(".sim-tag").hidden = !image.simulated;
    shot.querySelector(".at").textContent = this.time.format(new Date(image.capturedAt));
    const left = shot.querySelector(".left");
    if (left) left.textContent = `${image.binDaysLeft} d left`;
  }

  fillSingle(shot, image, name) {
    shot.dataset.size = image.fileSize;
    shot.toggleAttribute("data-may-bin", Boolean(image.mayBin));
    const { address } = this.element.dataset;
    const place = shot.querySelector(".place-tag");
    place.textContent = PLACE_WORDS[image.place] ?? "";
    place.hidden = !place.textContent;
    shot.querySelector("a").href = addressOf(`/images/${image.imageId}/${address ? `?${address}` : ""}`);
    shot.querySelector(".caption strong").textContent = name;
    if (!this.isBin) shot.querySelector(".how").textContent = `${image.exposureTime.toFixed(2)} ms`;
  }

  fillStack(shot, image) {
    const query = new URLSearchParams(this.element.dataset.address);
    query.set("job", image.stack.jobId);
    shot.querySelector("a").href = `?${query}`;
    describeStack(shot, image.stack, image.stack.count);
  }
}

export function idOf(shot) {
  return Number(shot.dataset.id);
}

/** Counts by the calendar, because a day has 23 or 25 hours when the clocks change. */
function dayBefore(key) {
  const noon = new Date(`${key}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() - 1);
  return noon.toISOString().slice(0, 10);
}

function showProblem(picture, problem) {
  const shot = picture.closest(".shot");
  shot.classList.toggle("is-missing", problem !== "");
  if (problem) shot.querySelector(".missing").textContent = PROBLEM_WORDS[problem];
}

/** Shows the controls that work only with scripts. */
function uncover(part) {
  for (const hidden of part.querySelectorAll(".tick, .select-day, .restore-one")) hidden.hidden = false;
}

function isNewer(one, other) {
  const [at, otherAt] = [new Date(one.dataset.captured), new Date(other.dataset.captured)];
  return at > otherAt || (Number(at) === Number(otherAt) && Number(one.dataset.id) > Number(other.dataset.id));
}
