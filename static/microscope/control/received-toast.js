/* On pages without the control line: a toast, once, when somebody gives this user control. */
import { addressOf } from "../api.js";
import { showToast } from "../toasts.js";
import { closeNotice, isNoticeClosed, nameNotice } from "./closed-notice.js";
import { onControl } from "./state.js";

let toast = null;

function follow(control) {
  if (!control.isMine) toast?.remove(); // it says what is true no more
  if (!control.isMine || control.notice?.what !== "received" || isNoticeClosed(control)) return;
  closeNotice(nameNotice(control.notice));
  toast = showToast({
    message: "You control the camera.",
    detail: `${control.notice.byName} gave you control.`,
    action: { label: "Live", href: addressOf("/") },
    isLasting: true,
  });
}

/** Begin to follow who has control. Pages with the control line do not call it. */
export function showReceivedToasts() {
  onControl(follow);
}
