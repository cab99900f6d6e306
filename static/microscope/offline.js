/* The banner that says that the database is away, and until when the user can go on at the camera. */
const banner = document.getElementById("offline-banner");
const { timeZone } = document.documentElement.dataset;

/** Look at an answer of the server. Those given without the database say so in their headers; others say nothing
    unless they are a success. */
export function noteAnswer({ headers, ok }) {
  if (!banner) return;
  const until = headers.get("X-Offline-Until");
  if (until) {
    const hour = formatHour(until);
    const isNewer = headers.get("X-Offline-Reason") === "database_newer";
    show(
      isNewer
        ? `A newer version of the program has changed the database: update this one. You can go on at the camera until ${hour}. Pictures are listed later.`
        : `The database does not answer. You can go on at the camera until ${hour}. Pictures are listed later.`,
    );
  } else if (ok) banner.hidden = true;
}

function show(sentence) {
  const text = banner.querySelector("span");
  // Screen readers announce each change.
  if (text.textContent !== sentence) text.textContent = sentence;
  banner.hidden = false;
}

function formatHour(moment) {
  return new Date(moment).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
}
