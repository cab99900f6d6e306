/* How long the server may take for work of the camera: its own time limit, the exposures, and the network. */

const WAY_MS = 3000;
const FIRST_PICTURE_MS = 6000;

const timeoutMs = Number(document.getElementById("live").dataset.serviceTimeoutMs);
let exposureMs = 0;

/** The exposure that keeps the camera busy: the one in force, or that of the newest frame. */
export function noteExposure(ms) {
  exposureMs = ms ?? exposureMs;
}

export function currentExposureMs() {
  return exposureMs;
}

/** `exposures`: how many frames the camera may have to expose for the call, each for as long as `longestMs`. */
export function cameraDeadlineMs(exposures, longestMs = exposureMs) {
  return timeoutMs + exposures * longestMs + WAY_MS;
}

/** How long a new stream may take until its first picture or its error. */
export function streamDeadlineMs() {
  return FIRST_PICTURE_MS + 2 * exposureMs;
}
