/* The strip of recent pictures: everybody's, newest first. The pictures of a job on one day are one stack, so that a night
   does not push out the rest. */
import { addressOf, get } from "../../microscope/api.js";
import { Pictures } from "../../microscope/pictures.js";
import { formatTime } from "../../microscope/shell.js";

const ADDRESS = "/api/v1/images?limit=12&stacked=true";
const REFRESH_MS = 15_000;

const byId = (id) => document.getElementById(id);

export class Recent {
  constructor() {
    this.list = byId("recent-list");
    this.images = [];
    this.onChange = () => {};
    this.isFirst = true;
    const showProblem = (picture, problem) => picture.parentElement.classList.toggle("is-missing", problem !== "");
    this.pictures = new Pictures(showProblem, { isOffered: false });
    this.otherTabs = new BroadcastChannel("captures");
    this.otherTabs.addEventListener("message", () => this.load());
    document.addEventListener("visibilitychange", () => this.load());
    setInterval(() => this.load(), REFRESH_MS);
    this.load();
  }

  /** Call this after a capture on this page. */
  async refresh() {
    this.otherTabs.postMessage("captured");
    await this.load();
  }

  async load() {
    if (document.hidden) return;
    this.isWantedAgain = this.isLoading;
    if (this.isLoading) return;
    this.isLoading = true;
    try {
      this.show((await get(ADDRESS)).results);
      this.pictures.tryAgain(); // the server has just answered, so pictures that failed may load now
      byId("recent-problem").textContent = "";
    } catch (problem) {
      // Keep the previous list.
      byId("recent-problem").textContent = `Not up to date. ${problem.message}`;
    }
    this.isLoading = false;
    if (this.isWantedAgain) await this.load();
  }

  show(images) {
    const known = new Map([...this.list.children].map((item) => [item.dataset.id, item]));
    const items = images.map((image) => this.renew(known.get(keyOf(image)), image) ?? this.make(image));
    this.images = images;
    const isSame = items.length === this.list.children.length && items.every((item, index) => item === this.list.children[index]);
    if (!isSame) this.list.replaceChildren(...items);
    byId("recent-empty").hidden = images.length > 0;
    this.showLast(images[0]);
    this.isFirst = false;
    this.onChange();
  }

  make(image) {
    const item = document.createElement("li");
    item.dataset.id = keyOf(image);
    if (!this.isFirst) item.classList.add("is-new");
    const link = Object.assign(document.createElement("a"), { href: addressOf(pageOf(image)) });
    link.append(image.stack ? makePile(image) : makeFrame(image), makeCaption());
    item.append(link);
    describe(item, image);
    this.pictures.watch(link.querySelector("img"));
    return item;
  }

  /** A stack keeps its tile, and shows the newest picture of its job. */
  renew(item, image) {
    if (item && image.stack) describe(item, image);
    return item;
  }

  showLast(image) {
    const link = byId("last-thumbnail");
    link.hidden = !image;
    if (!image) return;
    link.href = addressOf(`/images/${image.imageId}/`);
    if (link.firstElementChild.getAttribute("src") !== image.thumbnailUrl) link.firstElementChild.src = image.thumbnailUrl;
  }

  /** The size in bytes of the last picture of this kind, as the best guess for the next one. */
  typicalSize(format, size) {
    const alike = this.images.find((image) => image.format === format && image.width === size?.width && image.height === size?.height);
    return alike?.fileSize ?? null;
  }
}

function makeFrame(image) {
  const frame = Object.assign(document.createElement("span"), { className: "thumbnail" });
  const picture = Object.assign(document.createElement("img"), { alt: "", loading: "lazy", decoding: "async" });
  Object.assign(picture, { width: image.width, height: image.height });
  frame.append(picture);
  if (image.simulated) frame.append(Object.assign(document.createElement("span"), { className: "sim-tag", textContent: "SIM" }));
  return frame;
}

function makePile(image) {
  const pile = Object.assign(document.createElement("span"), { className: "pile" });
  pile.append(makeFrame(image));
  return pile;
}

function makeCaption() {
  const caption = Object.assign(document.createElement("span"), { className: "thumbnail-caption" });
  caption.append(document.createElement("span"), document.createElement("span"));
  return caption;
}

/** Names the tile, and shows its picture if that is another one. */
function describe(item, image) {
  const [first, last] = item.querySelector(".thumbnail-caption").children;
  [first.textContent, last.textContent] = captionOf(image);
  item.firstElementChild.setAttribute("aria-label", `${wordsOf(image)}${image.simulated ? ", simulated" : ""}`);
  const picture = item.querySelector("img");
  if (picture.getAttribute("src") !== image.thumbnailUrl) picture.src = image.thumbnailUrl;
}

function captionOf(image) {
  return image.stack ? [image.stack.name, countOf(image.stack)] : [formatTime(image.capturedAt), image.format.toUpperCase()];
}

function wordsOf(image) {
  if (image.stack) return `Job ${image.stack.name}, pictures: ${countOf(image.stack)}, newest at ${formatTime(image.capturedAt)}`;
  return `${image.sample || image.filename}, ${formatTime(image.capturedAt)}, ${image.format.toUpperCase()}`;
}

function countOf({ count, more }) {
  return `${count.toLocaleString("en-GB")}${more ? "+" : ""}`;
}

function keyOf({ imageId, stack }) {
  return stack ? `job ${stack.jobId} ${stack.day}` : String(imageId);
}

function pageOf({ imageId, stack }) {
  return stack ? `/jobs/${stack.jobId}/` : `/images/${imageId}/`;
}
