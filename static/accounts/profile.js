/* The switch for single-letter keys. */
import { singleLetterKeysAreOn } from "../microscope/shell.js";

const choice = document.getElementById("single-letter-keys");

document.getElementById("keys-section").hidden = false;
choice.checked = singleLetterKeysAreOn();
choice.addEventListener("change", () => localStorage.setItem("single-letter-keys", choice.checked ? "on" : "off"));
