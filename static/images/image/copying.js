/* Lines for curl and Python that download this picture, and copying of any text to the clipboard. */
import { showToast } from "../../microscope/shell.js";

const WHERE_TO_PUT_IT = "Replace TOKEN with your access token.";

const byId = (id) => document.getElementById(id);

export function connectCopying(image) {
  byId("copy-as").hidden = false;
  connect("copy-curl", asCurl(image));
  connect("copy-python", asPython(image));
}

/** Copies the text. If the browser does not allow it (plain HTTP from another PC), a dialog shows the text selected. */
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

/** Quoted, so that any file name stays one word for the shell. */
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
