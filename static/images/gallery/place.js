/* Restores the place in the gallery, however many pages were loaded. */
const RETURN = "gallery-return";
const MAX_PAGES = 25;

const keyOfPage = (what = "place") => `gallery-${what}:${location.pathname}${location.search}`;

/** Saves the scroll position when the page is left, and its address for the way back from an image. */
export function keepPlace(grid, selection) {
  addEventListener("pagehide", () => {
    keepChosen(selection.chosen);
    const seen = grid.shots.find((shot) => shot.getBoundingClientRect().bottom > 0);
    if (!seen) return;
    const place = { id: seen.dataset.id, top: seen.getBoundingClientRect().top, current: selection.current?.dataset.id };
    sessionStorage.setItem(keyOfPage(), JSON.stringify({ ...place, count: grid.shots.length }));
    sessionStorage.setItem("gallery-address", location.pathname + location.search);
  });
}

export async function returnToPlace(grid, paging, selection) {
  if (!isReturn()) return;
  selection.fill(JSON.parse(sessionStorage.getItem(keyOfPage("chosen")) ?? "[]"));
  const place = JSON.parse(sessionStorage.getItem(keyOfPage()) ?? "null");
  if (!place) return;
  history.scrollRestoration = "manual";
  const find = (id) => grid.shots.find((shot) => shot.dataset.id === id);
  for (let page = 0; page < MAX_PAGES && grid.shots.length < place.count && !paging.isAtEnd; page += 1) {
    const before = grid.shots.length;
    await paging.load(place.count - before);
    if (grid.shots.length === before) break;
  }
  const seen = find(place.id);
  if (seen) scrollBy({ top: seen.getBoundingClientRect().top - place.top, behavior: "instant" });
  const current = find(place.current);
  if (current) {
    selection.setCurrent(current);
    current.querySelector("a").focus({ preventScroll: true });
  }
}

/** What is selected is selected again by its numbers. If the browser has no room for so many, it is not kept. */
function keepChosen(chosen) {
  try {
    sessionStorage.setItem(keyOfPage("chosen"), JSON.stringify(chosen));
  } catch {
    sessionStorage.removeItem(keyOfPage("chosen"));
  }
}

function isReturn() {
  const asked = sessionStorage.getItem(RETURN);
  sessionStorage.removeItem(RETURN);
  const { type } = performance.getEntriesByType("navigation")[0] ?? {};
  return asked !== null || type === "back_forward" || type === "reload";
}
