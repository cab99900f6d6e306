/* Days and their thumbnails, newest first. What is added looks as what the server sent. */
const dayTemplate = document.getElementById("day-template");
const shotTemplate = document.getElementById("shot-template");

export class Grid {
  constructor(element) {
    this.element = element;
    this.isBin = element.hasAttribute("data-bin");
    const timeZone = element.dataset.zone;
    this.keyOf = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
    this.time = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" });
    this.longDay = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "long", day: "numeric", month: "long", year: "numeric" });
    // An error event does not bubble; those that failed before this script came are seen by their size.
    element.addEventListener("error", (event) => markMissing(event.target), true);
    for (const picture of element.querySelectorAll("img")) {
      if (picture.complete && !picture.naturalWidth) markMissing(picture);
    }
    for (const shot of this.shots) uncover(shot);
    for (const day of element.children) uncover(day);
  }

  get shots() {
    return [...this.element.querySelectorAll(".shot")];
  }

  /** `image` as the API answers it. */
  add(image) {
    const shot = this.make(image);
    this.place(shot);
    return shot;
  }

  /** Put a thumbnail, new or taken out before, where its time says. */
  place(shot) {
    const list = this.dayOf(shot.dataset.captured).querySelector(".shots");
    const last = list.lastElementChild;
    const follower = last && isNewer(shot, last) ? [...list.children].find((other) => isNewer(shot, other)) : null;
    list.insertBefore(shot, follower);
  }

  take(shots) {
    for (const shot of shots) {
      const day = shot.closest(".day");
      shot.remove();
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
    if (key === this.keyOf.format(now)) return "Today";
    return key === this.keyOf.format(now - 86_400_000) ? "Yesterday" : "";
  }

  make(image) {
    const shot = shotTemplate.content.firstElementChild.cloneNode(true);
    Object.assign(shot.dataset, { id: image.imageId, size: image.fileSize, captured: image.capturedAt });
    shot.toggleAttribute("data-may-bin", Boolean(image.mayBin));
    const { address } = this.element.dataset;
    shot.querySelector("a").href = `/images/${image.imageId}/${address ? `?${address}` : ""}`;
    Object.assign(shot.querySelector("img"), { width: image.width, height: image.height, src: image.thumbnailUrl });
    shot.querySelector(".sim-tag").hidden = !image.simulated;
    const name = image.sample || image.filename;
    shot.querySelector(".caption strong").textContent = name;
    shot.querySelector(".when").textContent = this.time.format(new Date(image.capturedAt));
    shot.querySelector(".how").textContent = this.isBin ? daysLeft(image) : `${image.exposureTime.toFixed(2)} ms`;
    for (const label of shot.querySelectorAll(".unseen")) label.textContent += ` ${name}`;
    uncover(shot);
    return shot;
  }
}

function markMissing(picture) {
  picture.closest(".shot")?.classList.add("is-missing");
}

/** What works only with scripts is hidden until they do. */
function uncover(part) {
  for (const hidden of part.querySelectorAll(".tick, .select-day, .restore-one")) hidden.hidden = false;
}

function isNewer(one, other) {
  const [at, otherAt] = [new Date(one.dataset.captured), new Date(other.dataset.captured)];
  return at > otherAt || (Number(at) === Number(otherAt) && Number(one.dataset.id) > Number(other.dataset.id));
}

function daysLeft({ binnedAt }) {
  const left = 30 - (Date.now() - new Date(binnedAt)) / 86_400_000;
  return `${Math.max(0, Math.floor(left))} d left`;
}
