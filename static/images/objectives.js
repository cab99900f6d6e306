/* Adding, renaming and retiring objectives. */
import { patch, post } from "../microscope/api.js";
import { showToast } from "../microscope/shell.js";
import { tellTimeZone } from "./time-zone.js";

const ADDRESS = "/api/v1/objectives";

const byId = (id) => document.getElementById(id);

tellTimeZone(byId("objectives").dataset.zone);

/** What the server refuses is said in `place`, at the form it belongs to. */
async function send(run, place) {
  place.textContent = "";
  try {
    await run();
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
  send(() => post(ADDRESS, added), byId("add-problem"));
});

for (const button of document.querySelectorAll(".retire")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const { id } = button.closest(".objective").dataset;
    try {
      await patch(`${ADDRESS}/${id}`, { isRetired: button.dataset.retired === "false" });
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
    renamed = button.closest(".objective").dataset;
    byId("new-name").value = renamed.name;
    byId("rename-problem").textContent = "";
    byId("rename-dialog").showModal();
    byId("new-name").select();
  });
}
byId("rename-cancel")?.addEventListener("click", () => byId("rename-dialog").close());
byId("rename-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  send(() => patch(`${ADDRESS}/${renamed.id}`, { name: byId("new-name").value }), byId("rename-problem"));
});
