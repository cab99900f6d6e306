/* Sample and note, changed in place. */
import { patch } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

const byId = (id) => document.getElementById(id);

/** Answers what opens the form, or null for who may not edit. */
export function connectEditing({ id, filename }) {
  const form = byId("edit-form");
  if (!form) return null;
  const button = byId("edit");
  const show = (isOpen) => {
    form.hidden = !isOpen;
    byId("said").hidden = isOpen;
    button.hidden = isOpen;
    (isOpen ? byId("sample") : button).focus();
  };
  const cancel = () => {
    form.reset();
    byId("edit-problem").textContent = "";
    show(false);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(true));
  byId("edit-cancel").addEventListener("click", cancel);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    cancel();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await save(id, filename)) show(false);
  });
  return () => show(true);
}

async function save(id, filename) {
  const [sample, note] = [byId("sample").value.trim(), byId("note").value.trim()];
  try {
    await patch(`/api/v1/images/${id}`, { sample, note });
  } catch (problem) {
    byId("edit-problem").textContent = problem.message;
    return false;
  }
  byId("sample").defaultValue = sample;
  byId("note").defaultValue = note;
  byId("edit-problem").textContent = "";
  byId("said-sample").textContent = sample || "–";
  Object.assign(byId("said-note"), { textContent: note, hidden: !note });
  byId("image-file").textContent = sample ? filename : "No sample named";
  document.querySelector(".image-name h1").textContent = sample || filename;
  showToast({ message: "Saved" });
  return true;
}
