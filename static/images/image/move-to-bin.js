/* To the bin and back. */
import { post, remove } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

const byId = (id) => document.getElementById(id);

export function connectMoveToBin({ id }) {
  connect("to-bin", () => remove(`/api/v1/images/${id}`));
  connect("restore", () => post(`/api/v1/images/${id}/restore`));
}

function connect(buttonId, ask) {
  const button = byId(buttonId);
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await ask();
      location.reload(); // the page then shows that the image is in the bin, and offers to restore it
    } catch (problem) {
      button.disabled = false;
      showToast({ message: problem.message, isError: true });
    }
  });
}
