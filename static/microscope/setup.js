/* The four steps of a first start: the eye and the count of the password, the camera that comes later, the space bar. */
import { isPlain } from "./keys.js";

const READ_AGAIN_MS = 2000;
const SHORTEST_PASSWORD = 8;

const byId = (id) => document.getElementById(id);

function showPassword() {
  const field = byId("id_password");
  const isShown = field.type === "password";
  field.type = isShown ? "text" : "password";
  byId("show-password").setAttribute("aria-pressed", String(isShown));
}

/** Says how long the password is. The server alone judges it. */
function countCharacters() {
  const count = [...byId("id_password").value].length;
  byId("password-count").textContent =
    count >= SHORTEST_PASSWORD ? `${count} characters` : `At least ${SHORTEST_PASSWORD} characters`;
  byId("password-count").classList.toggle("is-enough", count >= SHORTEST_PASSWORD);
}

/** Loads the page again while no camera answers, but not while somebody is at a link or in another tab. */
function readCameraAgain() {
  if (byId("camera-found").dataset.waiting !== "true") return;
  setInterval(() => document.hidden || document.activeElement.matches("a") || location.reload(), READ_AGAIN_MS);
}

/** Space takes the picture wherever the focus is, except on a button, which it presses anyway. */
function takeOnSpace(event) {
  if (event.key !== " " || event.repeat || !isPlain(event) || event.target.closest("button, a, summary")) return;
  event.preventDefault();
  byId("take").requestSubmit();
}

if (byId("id_password")) {
  byId("show-password").hidden = false;
  byId("show-password").addEventListener("click", showPassword);
  byId("id_password").addEventListener("input", countCharacters);
}
if (byId("camera-found")) readCameraAgain();
if (byId("take")) document.addEventListener("keydown", takeOnSpace);
