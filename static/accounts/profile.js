/* The profile: the switches for keys and sound, copying a new token, and the day on which the next one would end. */
import { allowSound, isSoundAllowed } from "../microscope/control/sound.js";
import { singleLetterKeysAreOn } from "../microscope/keys.js";

const byId = (id) => document.getElementById(id);
const choice = byId("single-letter-keys");

byId("keys-section").hidden = false;
choice.checked = singleLetterKeysAreOn();
choice.addEventListener("change", () => localStorage.setItem("single-letter-keys", choice.checked ? "on" : "off"));

const sound = byId("sound-when-asked");
byId("sound-section").hidden = false;
sound.checked = isSoundAllowed();
sound.addEventListener("change", () => allowSound(sound.checked));

function sayWhenItWouldEnd() {
  const chosen = document.querySelector('input[name="days"]:checked');
  byId("would-end").textContent = chosen ? `It would end on ${chosen.dataset.end}.` : "";
}
document.querySelector(".make-token").addEventListener("change", sayWhenItWouldEnd);
sayWhenItWouldEnd();

const made = byId("made-token");
if (made) {
  const button = byId("copy-token");
  button.hidden = false;
  button.addEventListener("click", async () => {
    made.select();
    try {
      await navigator.clipboard.writeText(made.value);
      button.querySelector("span").textContent = "Copied";
    } catch {
      made.focus(); // over plain HTTP the browser refuses: the text is selected, to be copied by keys
    }
  });
  // Going back to this page later shows it anew, without the token.
  addEventListener("pagehide", () => (made.value = ""));
}
