/* What all dialogs about control have in common: one question, and the server's refusal in the dialog itself. */
import { onControl } from "./state.js";

/** Connects a dialog with one form. `send(elements)` carries it out; the dialog closes if that succeeds.
    `isStill(control)`: false if the question has settled itself; then an open dialog closes. */
export function connectDialog(dialog, send, isStill) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[role=alert]");
  let isSending = false;
  dialog.querySelector("[data-closes]")?.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => (problem.textContent = ""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    problem.textContent = "";
    try {
      await send(form.elements);
      dialog.close();
    } catch (refusal) {
      problem.textContent = Object.values(refusal.errors ?? {}).flat()[0] ?? refusal.message;
    }
    isSending = false;
  });
  onControl((control) => dialog.open && !isSending && !isStill(control) && dialog.close());
}
