/* The same picture by a program: as curl, as Python. */
import { showToast } from "../../microscope/shell.js";

const byId = (id) => document.getElementById(id);

export function connectCopying(image) {
  if (!navigator.clipboard) return; // only where the page came over HTTPS or from this machine
  connect("copy-curl", asCurl(image));
  connect("copy-python", asPython(image));
}

function connect(id, text) {
  const button = byId(id);
  button.hidden = false;
  button.addEventListener("click", async () => {
    byId("download-menu").open = false;
    try {
      await navigator.clipboard.writeText(text);
      showToast({ message: "Copied", detail: "Put your access token where it says TOKEN." });
    } catch {
      showToast({ message: "The browser did not allow copying.", isError: true });
    }
  });
}

function asCurl({ original, filename }) {
  return `curl --fail -H "Authorization: Bearer $TOKEN" -o ${filename} ${original}`;
}

function asPython({ original, filename }) {
  return [
    "import os",
    "import urllib.request",
    "",
    `request = urllib.request.Request("${original}")`,
    'request.add_header("Authorization", "Bearer " + os.environ["TOKEN"])',
    `with urllib.request.urlopen(request) as answer, open("${filename}", "wb") as file:`,
    "    file.write(answer.read())",
    "",
  ].join("\n");
}
