/* The selection as a ZIP of originals or of exports made from them. The browser's own download shows how far it
   is, and can stop it. */
import { showToast } from "../../microscope/shell.js";
import { format } from "./batches.js";

const MAX_IDS_IN_ADDRESS = 200;
const MAX_IN_ZIP = 100_000;

const byId = (id) => document.getElementById(id);

/** `chosen()` gives the numbers of the images that are selected. The bin has no download. */
export function connectDownload(chosen) {
  const menu = byId("download-menu");
  if (!menu) return;
  byId("download").addEventListener("click", () => download(chosen(), ""));
  for (const button of menu.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      menu.open = false;
      download(chosen(), button.dataset.as);
    });
  }
}

/** `as` is a format, or nothing for the originals; they never get a scale bar. */
function download(ids, as) {
  if (ids.length > MAX_IN_ZIP) {
    const message = `A ZIP holds ${format(MAX_IN_ZIP)} images at most, but ${format(ids.length)} are selected. Download them in several parts.`;
    showToast({ message, isError: true });
    return undefined;
  }
  const form = byId("zip");
  const { elements } = form;
  elements.ids.value = ids.join(",");
  Object.assign(elements.as, { value: as, disabled: !as });
  elements.scaleBar.disabled = !as || !byId("zip-scale-bar").checked;
  if (ids.length > MAX_IDS_IN_ADDRESS) return form.submit();
  const asked = new URLSearchParams(new FormData(form));
  for (const name of ["csrfmiddlewaretoken", "page_user"]) asked.delete(name);
  return Object.assign(document.createElement("a"), { href: `${form.action}?${asked}`, download: "" }).click();
}
