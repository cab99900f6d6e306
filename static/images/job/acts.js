/* The buttons of a job: without a script they are forms; here they ask the API, and the page stays. */
import { post } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

export function connectActs(page, parts) {
  page.addEventListener("submit", async (event) => {
    const { target } = event;
    if (!target.dataset.act) return;
    event.preventDefault();
    const [, jobId] = target.action.match(/\/jobs\/(\d+)\//);
    const button = event.submitter;
    if (button) button.disabled = true;
    try {
      await post(`/api/v1/jobs/${jobId}/${target.dataset.act}`, readBody(target));
      target.closest("[popover]")?.hidePopover();
    } catch (problem) {
      showToast({ message: problem.message, isError: true });
    }
    if (button) button.disabled = false;
    await parts.askAfterAct();
    if (document.activeElement === document.body) focusAgain(button?.id ?? "");
  });
}

function readBody({ elements }) {
  const { before, withCameraAsItIs } = elements;
  if (before) return { before: before.value ? Number(before.value) : null };
  return withCameraAsItIs ? { withCameraAsItIs: true } : {};
}

/** A button that was disabled meanwhile has lost the focus. One that can do no more leaves it to the link of its row. */
function focusAgain(id) {
  const button = document.getElementById(id);
  const place = button?.disabled ? button.closest("li")?.querySelector("a[id]") : button;
  place?.focus({ preventScroll: true });
}
