/* Counts down to what is due: every element with data-due, as the server's clock has it. */
import { formatSeconds } from "../../microscope/elapsed.js";

const TICK_MS = 250;

export function connectCountdowns(parts) {
  const tick = () => {
    for (const place of document.querySelectorAll("[data-due]")) {
      const words = describeLeft((new Date(place.dataset.due) - parts.now) / 1000);
      if (place.textContent !== words) place.textContent = words;
    }
  };
  tick();
  setInterval(tick, TICK_MS);
  return tick;
}

/** `00:12`, `1:04:09`, `now`, and if it is late by how much. */
function describeLeft(seconds) {
  if (seconds < -5) return `${Math.round(-seconds)} s late`;
  const whole = Math.ceil(seconds);
  if (whole <= 0) return "now";
  return formatSeconds(whole);
}
