/* On pages without the control line: a toast that stays while somebody asks this user for control. */
import { icon } from "../icon.js";
import { showToast } from "../toasts.js";
import { giveControl } from "./acts.js";
import { openNotNow } from "./answering.js";
import { isAsked, onControl } from "./state.js";

let shown = null;

function follow(control) {
  const ask = isAsked(control) ? control.ask : null;
  const key = ask && JSON.stringify([ask.userId, ask.at]);
  if (shown?.key === key) return;
  const hadFocus = shown?.toast.contains(document.activeElement);
  shown?.toast.remove();
  shown = ask && { key, toast: draw(ask) };
  if (hadFocus) document.getElementById("main").querySelector("a, button, input")?.focus();
}

function draw(ask) {
  const toast = document.createElement("div");
  toast.className = "toast toast-asked";
  toast.setAttribute("role", "status");
  const text = document.createElement("div");
  text.append(`${ask.name} asks for control`);
  if (ask.message) text.append(Object.assign(document.createElement("small"), { textContent: ask.message }));
  const notNow = makeButton("Not now…", "plain", openNotNow);
  toast.append(icon("question"), text, notNow, makeButton("Give", "", give));
  document.getElementById("toasts").append(toast);
  return toast;
}

function makeButton(label, className, run) {
  const button = Object.assign(document.createElement("button"), { type: "button", className, textContent: label });
  button.addEventListener("click", run);
  return button;
}

async function give() {
  try {
    await giveControl();
    showToast({ message: "You gave control." });
  } catch (problem) {
    showToast({ message: problem.message, isError: true });
  }
}

/** Begin to follow who asks. Pages with the control line do not call it. */
export function showAskedToasts() {
  onControl(follow);
}
