/* How people, scripts, jobs and times are called where the page says who controls the camera. */
const timeZone = document.documentElement.dataset.timeZone;

/** `14:20` in the lab's time zone, and `Tue 06:39` if it is not today. */
export function clockTime(moment) {
  const at = new Date(moment);
  const day = (date) => date.toLocaleDateString("en-CA", { timeZone });
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
  if (day(at) === day(new Date())) return time;
  return `${at.toLocaleDateString("en-GB", { weekday: "short", timeZone })} ${time}`;
}

/** `1:04`, of seconds. */
export function minutesAndSeconds(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const firstName = (name) => name.trim().split(/\s+/)[0];

export const untilWords = ({ until }) => (until ? ` until ${clockTime(until)}` : "");

/** `Ada Lovelace`, `Ada's script night_scan.py`, `Your job Wound 3`. */
export function holderName(control) {
  if (control.kind === "job") return `${owner(control)} job ${control.job?.name ?? control.holder.label}`;
  return isPerson(control) ? control.holder.name : `${owner(control)} script ${control.holder.label}`;
}

/** `Ada`, `Ada's job`, `Your script`. */
export function shortHolderName(control) {
  return isPerson(control) ? firstName(control.holder.name) : `${owner(control)} ${control.kind === "job" ? "job" : "script"}`;
}

/** A user's own other label is never called by the user's own name. */
function isPerson({ kind, isOwn }) {
  return kind === "person" && !isOwn;
}

function owner({ isOwn, holder }) {
  return isOwn ? "Your" : `${firstName(holder.name)}'s`;
}
