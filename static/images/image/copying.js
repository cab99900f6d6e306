/* The same picture by a program: as curl, as Python. And how any text of this page gets to a program. */
import { showToast } from "../../microscope/shell.js";

const WHERE_TO_PUT_IT = "Put your access token where it says TOKEN.";

const byId = (id) => document.getElementById(id);

export function connectCopying(image) {
  byId("copy-as").hidden = false;
  connect("copy-curl", asCurl(image));
  connect("copy-python", asPython(image));
}

/** Into the clipboard, or, where the browser allows none (plain HTTP from another PC), selected in a dialog. */
export async function hand(text, detail) {
  byId("download-menu").open = false;
  try {
    await navigator.clipboard.writeText(text);
    showToast({ message: "Copied", detail });
  } catch {
    show(text, detail);
  }
}

function show(text, detail) {
  const place = byId("line-text");
  place.value = text;
  byId("line-detail").textContent = detail;
  byId("line-dialog").showModal();
  place.focus();
  place.select();
}

function connect(id, text) {
  byId(id).addEventListener("click", () => hand(text, WHERE_TO_PUT_IT));
}

function asCurl({ original, filename }) {
  return `curl --fail -H "Authorization: Bearer $TOKEN" -o ${quoteForShell(filename)} ${original}`;
}

/** Whatever a row calls its file, it stays one word of the line. */
function quoteForShell(text) {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function asPython({ original, filename }) {
  return [
    "import os",
    "import urllib.request",
    "",
    `request = urllib.request.Request("${original}")`,
    'request.add_header("Authorization", "Bearer " + os.environ["TOKEN"])',
    `with urllib.request.urlopen(request) as answer, open(${JSON.stringify(filename)}, "wb") as file:`,
    "    file.write(answer.read())",
    "",
  ].join("\n");
}
