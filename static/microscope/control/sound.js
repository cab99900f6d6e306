/* One sound when somebody asks this user for control, if the user allows it in this browser. */
import { pageUser } from "../api.js";
import { isAsked, onControl } from "./state.js";

const ALLOWED = "sound-when-asked";
const HEARD = `heard-ask:${pageUser}`;
const TONE_HZ = 660;
const TONE_S = 0.35;
const LOUDNESS = 0.2;

export const isSoundAllowed = () => localStorage.getItem(ALLOWED) === "on";

/** The user has chosen, so the browser lets the page play at once. */
export function allowSound(isAllowed) {
  localStorage.setItem(ALLOWED, isAllowed ? "on" : "off");
  if (isAllowed) playSound();
}

/** A soft tone. Before the first click or key of a page its browser plays nothing, and nothing later either. */
function playSound() {
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: TONE_HZ });
  const loudness = new GainNode(context, { gain: LOUDNESS });
  loudness.gain.exponentialRampToValueAtTime(LOUDNESS / 100, context.currentTime + TONE_S);
  tone.connect(loudness).connect(context.destination);
  tone.addEventListener("ended", () => context.close());
  tone.start();
  tone.stop(context.currentTime + TONE_S);
}

/** Each ask is heard once, in whichever window sees it first. */
function follow(control) {
  if (!isAsked(control) || !isSoundAllowed()) return;
  const name = `${control.ask.userId} ${control.ask.at}`;
  if (localStorage.getItem(HEARD) === name) return;
  localStorage.setItem(HEARD, name);
  playSound();
}

/** Begin to follow who asks. */
export function playWhenAsked() {
  onControl(follow);
}
