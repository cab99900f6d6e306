/* Lines that open the picture in another program. Each holds a fresh address that needs no sign-in for ten minutes. */
import { post } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";
import { hand } from "./copying.js";

const LIVES = "The link is valid for ten minutes, for anyone who has it.";
const WHERE_TO_PASTE = {
  imagej: "Paste it into Plugins > New > Macro and run it.",
  napari: "Paste it into napari's console.",
  python: "It needs tifffile.",
};

export function connectLinks({ id }) {
  const place = document.getElementById("open-in");
  place.hidden = false;
  for (const button of place.querySelectorAll("button")) button.addEventListener("click", () => copyLine(id, button));
}

async function copyLine(id, button) {
  const { line } = button.dataset;
  button.disabled = true;
  try {
    const lines = await post(`/api/v1/images/${id}/link`);
    await hand(lines[line], `${WHERE_TO_PASTE[line]} ${LIVES}`);
  } catch (problem) {
    showToast({ message: problem.message, isError: true });
  } finally {
    button.disabled = false;
  }
}
