/* Adding, renaming and retiring objectives. */
import { patch, post } from "../microscope/api.js";
import { connectDraft } from "../microscope/drafts.js";
import { showToast } from "../microscope/shell.js";

const ADDRESS = "/api/v1/objectives";
const FIELDS = ["name", "magnification", "aperture"];

const byId = (id) => document.getElementById(id);

/** Changes an objective if nobody else changed it since it was shown. Else the user is told and sees the saved values. */
async function change(seen, changes) {
  try {
    await patch(`${ADDRESS}/${seen.id}`, { ...changes, revision: Number(seen.revision) });
  } catch (problem) {
    if (problem.code === "edit_conflict") seen.revision = problem.details.current.revision;
    throw problem;
  }
}

/** Shows an error of the server at the form that caused it. */
async function send(run, form) {
  const place = form.querySelector(".problem");
  place.textContent = "";
  try {
    await run();
    form.reset(); // else the sent text would be restored as a draft
    form.closest("dialog")?.close();
    location.reload();
  } catch ({ message, errors = {} }) {
    place.textContent = Object.values(errors)[0]?.[0] ?? message;
  }
}

byId("add")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const aperture = byId("aperture").valueAsNumber;
  const numericalAperture = Number.isFinite(aperture) ? aperture : null;
  const added = { name: byId("name").value, magnification: byId("magnification").valueAsNumber, numericalAperture };
  send(() => post(ADDRESS, added), byId("add"));
});

for (const button of document.querySelectorAll(".retire")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await change(button.closest(".objective").dataset, { isRetired: button.dataset.retired === "false" });
      location.reload();
    } catch (problem) {
      showToast({ message: problem.errors?.isRetired?.[0] ?? problem.message, isError: true });
    }
  });
}

let renamed = null;
for (const button of document.querySelectorAll(".rename")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const { dataset } = button.closest(".objective");
    openRenaming(dataset, dataset.name);
  });
}

function openRenaming(objective, name, problem = "") {
  renamed = objective;
  byId("new-name").value = name;
  byId("rename-problem").textContent = problem;
  byId("rename-dialog").showModal();
  byId("new-name").select();
}

byId("rename-cancel")?.addEventListener("click", () => byId("rename-dialog").close());
byId("rename-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("new-name").value.trim();
  if (name === renamed.name) return byId("rename-dialog").close(); // nothing to save: an old name must not undo what somebody else saved
  return send(() => change(renamed, { name }), byId("rename-form"));
});

function readAdded() {
  const typed = Object.fromEntries(FIELDS.map((name) => [name, byId(name).value]));
  return Object.values(typed).some(Boolean) ? typed : null;
}

function restoreAdded(typed) {
  for (const name of FIELDS) byId(name).value = typed[name];
  byId("add-problem").textContent = "Not added yet.";
}

function readRenaming() {
  const name = byId("new-name").value;
  return byId("rename-dialog").open && name !== renamed.name ? { id: renamed.id, revision: renamed.revision, name } : null;
}

/** The draft belongs to the revision that was shown when it was typed. */
function restoreRenaming({ id, revision, name }) {
  const objective = document.querySelector(`.objective[data-id="${id}"]`);
  if (objective) openRenaming({ ...objective.dataset, revision }, name, "Not saved yet.");
}

if (byId("add")) {
  connectDraft("add-objective", readAdded, restoreAdded);
  connectDraft("rename-objective", readRenaming, restoreRenaming);
}
