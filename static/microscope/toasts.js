/* Passing messages, bottom left. */
const TOAST_MS = 6000;

/** Show a passing message, bottom left. Errors and lasting messages stay until closed. `action`: {label, run} or
    {label, href}. */
export function showToast({ message, detail = "", action = null, isError = false, isLasting = false }) {
  const toast = document.createElement("div");
  toast.className = isError ? "toast is-error" : "toast";
  toast.setAttribute("role", isError ? "alert" : "status");
  const text = document.createElement("div");
  text.append(message);
  if (detail) text.append(Object.assign(document.createElement("small"), { textContent: detail }));
  toast.append(text);
  if (action) toast.append(makeAction(action, toast));
  if (isError || isLasting) toast.append(makeAction({ label: "Close" }, toast));
  document.getElementById("toasts").append(toast);
  if (!isError && !isLasting) leaveLater(toast);
  giveFocusBack(toast);
  return toast;
}

/** A toast stays while it is hovered or holds the focus; after that its time begins anew. */
function leaveLater(toast) {
  let timer = null;
  const wait = () => {
    clearTimeout(timer);
    if (!toast.matches(":hover, :focus-within")) timer = setTimeout(() => toast.remove(), TOAST_MS);
  };
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
  toast.addEventListener("pointerleave", wait);
  toast.addEventListener("focusout", () => setTimeout(wait)); // the focus has not yet arrived elsewhere
  wait();
}

/** When the toast is closed, the focus returns to where it was before. */
function giveFocusBack(toast) {
  toast.addEventListener("focusin", ({ relatedTarget }) => {
    if (relatedTarget && !toast.contains(relatedTarget)) toast.cameFrom = relatedTarget;
  });
}

/** Remove the toast without losing the keyboard focus. */
function closeToast(toast) {
  const hadFocus = toast.contains(document.activeElement);
  toast.remove();
  if (hadFocus && toast.cameFrom?.isConnected) toast.cameFrom.focus();
}

function makeAction({ label, run, href }, toast) {
  const control = document.createElement(href ? "a" : "button");
  control.textContent = label;
  if (href) control.href = href;
  else Object.assign(control, { type: "button", className: "plain" });
  control.addEventListener("click", () => {
    closeToast(toast);
    run?.();
  });
  return control;
}

/** Focus the button or link of the newest message, for example Undo. */
export function focusLastToast() {
  [...document.querySelectorAll("#toasts button, #toasts a")].at(-1)?.focus();
}
