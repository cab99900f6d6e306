/* The selection as a ZIP: of the originals, or of what is made from them. The browser's own download shows how far it
   is, and can stop it. */
const MOST_IN_ADDRESS = 200;

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
  const form = byId("zip");
  const { elements } = form;
  elements.ids.value = ids.join(",");
  Object.assign(elements.as, { value: as, disabled: !as });
  elements.scaleBar.disabled = !as || !byId("zip-scale-bar").checked;
  if (ids.length > MOST_IN_ADDRESS) return form.submit();
  const asked = new URLSearchParams(new FormData(form));
  asked.delete("csrfmiddlewaretoken");
  return Object.assign(document.createElement("a"), { href: `${form.action}?${asked}`, download: "" }).click();
}
