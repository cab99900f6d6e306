/* Makes the server read the file again, and shows if it is unchanged. */
import { post } from "../../microscope/api.js";
import { onKey } from "../../microscope/keys.js";
import { formatBytes } from "../../microscope/shell.js";

// Allows for a large original on a slow drive.
const READING_MS = 120_000;
const TICK_MS = 1000;
const ICONS = { reading: "busy", unchanged: "shield", differs: "warning" };

const byId = (id) => document.getElementById(id);

export function connectVerifying({ id, size }) {
  let timer = null;
  const button = byId("verify");
  const verify = async () => {
    if (button.disabled) return;
    clearInterval(timer);
    button.disabled = true;
    byId("verify-part").closest("details").open = true;
    say("reading", `Reading ${formatBytes(Number(size))}`);
    try {
      timer = tell(await post(`/api/v1/images/${id}/verify`, {}, { deadlineMs: READING_MS }));
    } catch (problem) {
      say("differs", problem.message);
    } finally {
      button.disabled = false;
    }
  };
  byId("verify-part").hidden = false;
  button.addEventListener("click", verify);
  onKey("v", verify);
}

function tell({ unchanged }) {
  if (!unchanged) {
    say("differs", "The file differs from its record. Please tell a manager.");
    return null;
  }
  const readAt = Date.now();
  const show = () => say("unchanged", `Unchanged. Read again ${ago(Date.now() - readAt)} ago.`);
  show();
  return setInterval(show, TICK_MS);
}

function ago(passedMs) {
  const seconds = Math.round(passedMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

function say(state, words) {
  const place = byId("verify-result");
  place.setAttribute("role", state === "differs" ? "alert" : "status");
  // Without the role, because a screen reader must not read the age of the result each second.
  if (place.dataset.state === "unchanged" && state === "unchanged") place.removeAttribute("role");
  place.dataset.state = state;
  place.querySelector("use").setAttribute("href", `#icon-${ICONS[state]}`);
  place.querySelector("span").textContent = words;
}
