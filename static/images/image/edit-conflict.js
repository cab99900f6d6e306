/* If another user changed the image meanwhile: shows their text beside this user's text, and offers the choice. */
import { formatTime } from "../../microscope/shell.js";

const byId = (id) => document.getElementById(id);

export class Conflict {
  /** `onTake(current)`: the user chooses the values that are saved now. */
  constructor({ onTake }) {
    byId("take-theirs").addEventListener("click", () => onTake(this.current));
  }

  show(current) {
    this.current = current;
    const when = current.changedAt ? ` at ${formatTime(current.changedAt)}` : "";
    byId("conflict-title").textContent = `${current.changedBy ?? "Somebody"} changed this${when} while you were editing. Nothing is saved yet.`;
    for (const { id } of document.querySelectorAll("#edit-form [data-text]")) {
      byId(`theirs-${id}`).querySelector("dd").textContent = current[id] || "Empty";
    }
    this.setShown(true);
    byId("conflict-title").focus();
  }

  hide() {
    this.setShown(false);
  }

  setShown(isShown) {
    byId("edit-conflict").hidden = !isShown;
    byId("edit-end").hidden = isShown;
  }
}
