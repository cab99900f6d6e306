/* Planning a job: what is typed is estimated by the server, one request at a time, and the numbers are shown beside the form. */
import { post } from "../microscope/api.js";
import { Replacing } from "./job/replacing.js";

// So long nothing was typed.
const REST_MS = 350;
const DEADLINE_MS = 15_000;
const UNITS_S = { s: 1, min: 60, h: 3600 };

const form = document.getElementById("new-job");
const parts = new Replacing(form);
const state = { timer: null, isAsking: false, isWanted: false };

function ask() {
  clearTimeout(state.timer);
  form.classList.add("is-old");
  state.timer = setTimeout(estimate, REST_MS);
}

async function estimate() {
  state.isWanted = true;
  if (state.isAsking || document.hidden) return;
  state.isAsking = true;
  while (state.isWanted) {
    state.isWanted = false;
    try {
      show(await post(form.dataset.estimate, { form: new URLSearchParams(new FormData(form)).toString() }, { deadlineMs: DEADLINE_MS }));
    } catch (problem) {
      showProblems({ form: problem.message });
    }
  }
  state.isAsking = false;
}

function show({ parts: rendered, problems }) {
  if (state.isWanted) return;
  for (const [name, html] of Object.entries(rendered)) parts.put(name, html);
  form.classList.remove("is-old");
  showProblems(problems);
  connectParts();
}

function showProblems(problems) {
  for (const place of form.querySelectorAll("[data-problem]")) {
    const words = problems[place.dataset.problem] ?? "";
    if (place.textContent !== words) place.textContent = words;
    const field = document.getElementById(place.dataset.problem);
    if (words) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}

/** What the server rendered for browsers without a script. */
function connectParts() {
  document.getElementById("estimate").hidden = true;
  const isBlocked = Boolean(form.querySelector(".obstacle"));
  document.getElementById("add").disabled = isBlocked;
  for (const remedy of form.querySelectorAll(".remedy")) remedy.hidden = false;
}

/** The job lasts as long as before, at another interval. */
function apply({ every, whenLate, frames, whenSlow }) {
  if (every) {
    const lastsS = form.elements.lasting.value * (UNITS_S[form.elements.lastingUnit.value] ?? form.elements.every.value * UNITS_S[form.elements.everyUnit.value]);
    Object.assign(form.elements.every, { value: every });
    form.elements.everyUnit.value = "s";
    if (form.elements.lastingUnit.value === "rounds") form.elements.lasting.value = Math.max(Math.round(lastsS / every), 1);
  }
  if (whenLate) form.elements.whenLate.value = whenLate;
  if (frames) form.elements.frames.value = frames;
  if (whenSlow) form.elements.whenSlow.checked = true;
  ask();
}

form.addEventListener("input", ask);
form.addEventListener("click", (event) => event.target.matches(".remedy") && apply(event.target.dataset));
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) document.getElementById("add").click();
});
document.addEventListener("visibilitychange", () => form.classList.contains("is-old") && ask());
connectParts();
ask();
