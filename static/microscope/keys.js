/* Decides if a key press belongs to the page: one rule for all pages. Every listener for keys uses it.

   A key belongs first to the element with the focus. The page takes it only if the user does not type, no menu and no
   dialog is open, the focus is not on a link or menu of the top bar, and that element does not use the key itself. The
   page never takes a key with Alt or a key of an input method's composition. A key that is held down acts once. */

const FIELD = "textarea, select, input:not([type=range], [type=radio], [type=checkbox])";
// Elements that use a key themselves. On a link Space scrolls, but pages may take it there.
const PRESSED = "button, summary, select, textarea, input:not([type=range])";
const OWN_BY_KEY = {
  " ": PRESSED,
  Enter: `a, ${PRESSED}`,
  ArrowLeft: "[type=range], [type=radio]",
  ArrowRight: "[type=range], [type=radio]",
  ArrowUp: "[type=range], [type=radio]",
  ArrowDown: "[type=range], [type=radio]",
};
const ELSEWHERE = ".bar a, .bar summary";
const OPEN = "dialog[open], details.menu[open], [popover]:popover-open";

const actionsByKey = new Map();

/** Call `run(event)` when this key is the page's. Names as in KeyboardEvent.key, letters small; "Shift+F",
    "Shift+Enter", "Ctrl+a" (on a Mac with Command). If it returns false the key goes to the next listener, then to the
    browser. `isRepeated`: a key that is held down acts again and again. */
export function onKey(key, run, { isRepeated = false } = {}) {
  actionsByKey.set(key, [...(actionsByKey.get(key) ?? []), { run, isRepeated }]);
}

/** For listeners of one element: no modifier but Shift, and nothing is being composed. */
export function isPlain(event) {
  return !isComposing(event) && !event.ctrlKey && !event.metaKey && !event.altKey;
}

export function singleLetterKeysAreOn() {
  return localStorage.getItem("single-letter-keys") !== "off";
}

function isComposing({ isComposing: isMarked, keyCode }) {
  return isMarked || keyCode === 229; // Safari marks the key that ends a composition only by this number
}

function isForPage({ target, key }) {
  if (target.isContentEditable || target.matches(FIELD) || target.closest(ELSEWHERE)) return false;
  const own = OWN_BY_KEY[key];
  return !(own && target.closest(own)) && !document.querySelector(OPEN);
}

/** A character such as "?" needs Shift on some keyboards only. */
function nameOf({ key, ctrlKey, metaKey, shiftKey }) {
  const isLetter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
  const isSign = key.length === 1 && key !== " " && !isLetter;
  const letter = isLetter ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
  return (ctrlKey || metaKey ? "Ctrl+" : "") + (shiftKey && !isSign ? "Shift+" : "") + letter;
}

function answerKey(event) {
  if (event.defaultPrevented || event.altKey || isComposing(event) || !isForPage(event)) return;
  const name = nameOf(event);
  const isSingle = name.replace("Shift+", "").length === 1 && name !== " ";
  if (isSingle && !singleLetterKeysAreOn()) return;
  const isTaken = ({ run, isRepeated }) => (event.repeat && !isRepeated) || run(event) !== false;
  if (actionsByKey.get(name)?.some(isTaken)) event.preventDefault();
}

document.addEventListener("keydown", answerKey);
