/* The history of the image's changes. It is loaded again after a change on this page. */
import { get } from "../../microscope/api.js";
import { timeZone } from "../../microscope/shell.js";

const byId = (id) => document.getElementById(id);

export async function showHistory(id) {
  try {
    const { entries, leftOut } = await get(`/api/v1/images/${id}/history`);
    byId("history").replaceChildren(...entries.map((entry) => makeEntry(entry)));
    byId("history-none").hidden = entries.length > 0 || leftOut > 0;
    byId("history-older").hidden = leftOut === 0;
    byId("history-older").querySelector("span").textContent = leftOut;
  } catch {
    // The change is saved, and the page said so. The list is correct again after a reload.
  }
}

function makeEntry({ at, by, changes }) {
  const when = make("p", describeWhen(at) + (by ? ` by ${by}` : ""), "history-when");
  const lines = changes.flatMap(({ sentence, before }) => [make("p", sentence), ...(before ? [make("blockquote", before)] : [])]);
  const item = document.createElement("li");
  item.append(when, ...lines);
  return item;
}

/** The same format as the server's. */
function describeWhen(at) {
  if (!at) return "";
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "long", timeStyle: "medium" });
  const parts = Object.fromEntries(format.formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
  return `${parts.day} ${parts.month} ${parts.year}, ${parts.hour}:${parts.minute}:${parts.second}`;
}

function make(kind, textContent, className = "") {
  return Object.assign(document.createElement(kind), { textContent, className });
}
