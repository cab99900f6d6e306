/* The live picture in another program: lines with a fresh address that needs no sign-in for twelve hours. */
import { post } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

const ADDRESS = "/api/v1/camera/live/link";

const byId = (id) => document.getElementById(id);

export function connectElsewhere() {
  byId("tool-elsewhere").addEventListener("click", open);
  for (const button of byId("elsewhere").querySelectorAll("[data-copies]")) {
    button.addEventListener("click", () => copy(byId(button.dataset.copies)));
  }
}

async function open() {
  try {
    fill(await post(ADDRESS));
    byId("elsewhere").showModal();
  } catch (problem) {
    showToast({ message: problem.message, isError: true });
  }
}

function fill(lines) {
  for (const field of byId("elsewhere").querySelectorAll("input")) field.value = lines[field.name];
  byId("elsewhere-note").textContent = "";
}

/** Browsers do not allow copying over plain HTTP from another PC. The line is then selected instead. */
async function copy(field) {
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    byId("elsewhere-note").textContent = "Copied.";
  } catch {
    byId("elsewhere-note").textContent = "The line is selected. Press Ctrl C to copy it.";
  }
}
