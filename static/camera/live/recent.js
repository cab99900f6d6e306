/* The strip of recent pictures: everybody's, newest first. */
import { addressOf, get } from "../../microscope/api.js";
import { Pictures } from "../../microscope/pictures.js";
import { formatTime } from "../../microscope/shell.js";

const ADDRESS = "/api/v1/images?limit=12";
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
    const items = images.map((image) => known.get(String(image.imageId)) ?? this.make(image));
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
    item.dataset.id = image.imageId;
    if (!this.isFirst) item.classList.add("is-new");
    const link = Object.assign(document.createElement("a"), { href: addressOf(`/images/${image.imageId}/`) });
    link.setAttribute("aria-label", describe(image));
    link.append(makeFrame(image), makeCaption(image));
    this.pictures.watch(link.querySelector("img"));
    item.append(link);
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
  Object.assign(picture, { width: image.width, height: image.height, src: image.thumbnailUrl });
  frame.append(picture);
  if (image.simulated) frame.append(Object.assign(document.createElement("span"), { className: "sim-tag", textContent: "SIM" }));
  return frame;
}

function makeCaption(image) {
  const caption = Object.assign(document.createElement("span"), { className: "thumbnail-caption" });
  for (const text of [formatTime(image.capturedAt), image.format.toUpperCase()]) {
    caption.append(Object.assign(document.createElement("span"), { textContent: text }));
  }
  return caption;
}

function describe(image) {
  const name = image.sample || image.filename;
  return `${name}, ${formatTime(image.capturedAt)}, ${image.format.toUpperCase()}${image.simulated ? ", simulated" : ""}`;
}
