/* Loads the numbers of all images that match the page's filters, up to a limit. */
import { addressOf, ApiError, get } from "../../microscope/api.js";
import { showToast } from "../../microscope/shell.js";

const MAX_SELECTED = 100_000;

/** Returns {ids, sizes, mayBin} for `query`. Calls `onCount` with the count so far. Raises an ApiError, also if
    there are more than MAX_SELECTED. */
async function fetchIds(query, { signal, onCount }) {
  const found = { ids: [], sizes: [], mayBin: false };
  for (let address = addressOf(`/api/v1/images/ids?${query}`); address; ) {
    const { ids, fileSizes, mayBin, next } = await get(address, { signal });
    found.ids = found.ids.concat(ids);
    found.sizes = found.sizes.concat(fileSizes);
    found.mayBin ||= mayBin;
    if (found.ids.length > MAX_SELECTED) throw new ApiError(400, { code: "too_many", message: describeTooMany() });
    onCount(found.ids.length);
    address = next;
  }
  return found;
}

/** Ask for the images that existed when the page was made, and show how far it is. Returns what fetchIds returns;
    null if that fails, was stopped, or something else is under way. */
export async function askForIds(grid, running, words, asked) {
  if (running.isOn) return null;
  const query = new URLSearchParams(grid.element.dataset.query);
  const { newest } = grid.element.dataset;
  for (const [name, value] of Object.entries({ ...asked, idMax: newest })) query.set(name, value);
  try {
    return await running.during(words, ({ signal, show }) => fetchIds(query, { signal, onCount: show }));
  } catch (problem) {
    if (problem.name !== "AbortError") showToast({ message: problem.message, isError: true });
    return null;
  }
}

function describeTooMany() {
  const most = MAX_SELECTED.toLocaleString("en-GB");
  return `Too many images: you can select at most ${most}. Select fewer days or add filters.`;
}
