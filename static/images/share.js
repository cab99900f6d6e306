/* The sheet that makes, copies and revokes share links. */
import { get, post, remove } from "../microscope/api.js";
import { timeZone } from "../microscope/shell.js";

const ADDRESS = "/api/v1/share-links";
const DAY_MS = 86_400_000;

const byId = (id) => document.getElementById(id);

// How many lists of links were asked for: an answer counts only if it is that of the last one.
let lists = 0;

/** `button` opens the sheet. `choose()` gives what is shared: {images: [...]} or {job}. */
export function connectSharing(button, choose) {
  const sheet = byId("share-sheet");
  if (!button || !sheet) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    sheet.showModal();
    byId("share-problem").textContent = "";
    showEnd();
    showLinks();
  });
  byId("share-form").addEventListener("change", showEnd);
  byId("share-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run(() => make(choose()));
  });
}

function chosen() {
  const fields = new FormData(byId("share-form"));
  return { days: Number(fields.get("days")), mayLoad: fields.get("mayLoad"), shows: fields.getAll("shows") };
}

function showEnd() {
  const { days, mayLoad } = chosen();
  byId("share-would-end").textContent = `ends ${format(Date.now() + days * DAY_MS)}`;
  byId("share-record").hidden = mayLoad !== "original";
}

/** Runs it, and says in the sheet why it failed. */
async function run(act) {
  const place = byId("share-problem");
  place.textContent = "";
  try {
    await act();
  } catch ({ message, errors = {} }) {
    place.textContent = Object.values(errors)[0]?.[0] ?? message;
  }
}

async function make(what) {
  const link = await post(ADDRESS, { ...what, ...chosen() });
  await showLinks();
  const list = byId("share-links");
  const find = () => [...list.children].find((row) => row.dataset.link === String(link.id));
  if (!find()) list.prepend(makeRow(link)); // the list could not be read: it says so above
  byId("share-none").hidden = true;
  await copy(find(), link);
}

function showLinks() {
  lists += 1;
  const number = lists;
  return run(async () => {
    const { query } = byId("share-sheet").dataset;
    const links = await get(query ? `${ADDRESS}?${query}` : ADDRESS);
    if (number !== lists) return;
    byId("share-links").replaceChildren(...links.map(makeRow));
    byId("share-none").hidden = links.length > 0;
  });
}

function makeRow(link) {
  const row = byId("share-row").content.firstElementChild.cloneNode(true);
  row.dataset.link = link.id;
  row.classList.toggle("has-ended", link.hasEnded);
  row.querySelector(".share-by").textContent = describeMaker(link);
  row.querySelector(".hint").textContent = link.hasEnded ? describePast(link) : `Ends ${format(link.endsAt)}. ${describeOpened(link)}`;
  const [copying, revoking] = row.querySelectorAll("button");
  copying.hidden = !link.url;
  copying.addEventListener("click", () => copy(row, link));
  revoking.hidden = !link.mayRevoke;
  revoking.addEventListener("click", () => run(() => revoke(row, link)));
  return row;
}

/** Over plain HTTP the browser refuses to copy. Then the address is there, selected. */
async function copy(row, { url }) {
  const label = row.querySelector(".share-copy span");
  try {
    await navigator.clipboard.writeText(url);
    label.textContent = "Copied";
    byId("share-news").textContent = "Copied";
  } catch {
    const field = row.querySelector(".share-address");
    Object.assign(field, { value: url, hidden: false });
    field.focus();
    field.select();
  }
}

async function revoke(row, link) {
  await remove(`${ADDRESS}/${link.id}`);
  await showLinks();
  byId("share-news").textContent = "Revoked. The link opens nothing now.";
  byId("share-form").querySelector("button").focus(); // the pressed button is gone
}

const LOADS = { nothing: ", to look only", copy: "", original: ", with the original" };

function describeMaker({ isOwn, madeBy, mayLoad, images, job }) {
  const what = byId("share-sheet").dataset.query ? "" : `${job ? "A job" : `${images} picture${images === 1 ? "" : "s"}`}, `;
  const words = `${what}made by ${isOwn ? "you" : madeBy}${LOADS[mayLoad]}`;
  return words[0].toUpperCase() + words.slice(1);
}

function describeOpened({ openedCount }) {
  if (!openedCount) return "Not opened yet.";
  return `Opened ${openedCount === 1 ? "once" : `${openedCount} times`}.`;
}

function describePast(link) {
  const how = link.revokedAt ? `Revoked${link.revokedBy ? ` by ${link.revokedBy}` : ""}, ${format(link.revokedAt)}` : "Ended";
  return `${how}. It opens nothing now. ${describeOpened(link)}`;
}

function format(moment) {
  const options = { timeZone, day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(moment).toLocaleString("en-GB", options).replace(" at ", ", ");
}
