/* The actions of the bin alone: restore with one click, and empty the bin. */
import { post } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

// Allows for deleting thousands of files.
const EMPTYING_MS = 600_000;

const byId = (id) => document.getElementById(id);

export function connectBin(grid, actions) {
  if (!grid.isBin) return;
  grid.element.addEventListener("click", (event) => {
    const button = event.target.closest(".restore-one");
    if (button) actions.restoreShot(button.closest(".shot"));
  });
  const opener = byId("empty-bin");
  if (!opener) return;
  opener.hidden = false;
  opener.addEventListener("click", () => byId("empty-dialog").showModal());
  byId("empty-now").addEventListener("click", () => emptyBin(grid, actions));
}

async function emptyBin(grid, actions) {
  const button = byId("empty-now");
  button.disabled = true;
  button.textContent = "Removing the originals";
  try {
    await post("/api/v1/images/bin/empty", {}, { deadlineMs: EMPTYING_MS });
    grid.take(grid.shots);
    actions.selection.clear();
    actions.selection.paging.end();
    actions.showWhetherEmpty();
    byId("empty-bin").hidden = true;
    byId("empty-dialog").close();
    showToast({ message: "The bin is empty" });
  } catch (problem) {
    byId("empty-problem").textContent = problem.message;
  } finally {
    button.disabled = false;
    button.textContent = "Remove the originals";
  }
}
