/* Elapsed time, and how it is written. A browser's steady clock may stand still while the computer sleeps, and the other clock can be
   set. The longer of the two times counts, so that nothing seems newer than it is. */

export function markNow() {
  return { steady: performance.now(), wall: Date.now() };
}

export function elapsedMs({ steady, wall }) {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

/** `00:12` or `1:04:09`, of whole seconds. */
export function formatSeconds(seconds) {
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours ? `${hours}:` : ""}${two(minutes)}:${two(seconds % 60)}`;
}
