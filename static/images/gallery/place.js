/* Back to exactly where one was, however many pages had been loaded by then. */
const RETURN = "gallery-return";
const MOST_PAGES = 25;

const keyOfPage = () => `gallery-place:${location.pathname}${location.search}`;

/** Note the place when the page is left, and its address for who comes back from an image. */
export function keepPlace(grid, selection) {
  addEventListener("pagehide", () => {
    const seen = grid.shots.find((shot) => shot.getBoundingClientRect().bottom > 0);
    if (!seen) return;
    const place = { id: seen.dataset.id, top: seen.getBoundingClientRect().top, current: selection.current?.dataset.id };
    sessionStorage.setItem(keyOfPage(), JSON.stringify({ ...place, count: grid.shots.length }));
    sessionStorage.setItem("gallery-address", location.pathname + location.search);
  });
}

export async function returnToPlace(grid, paging, selection) {
  const place = JSON.parse(sessionStorage.getItem(keyOfPage()) ?? "null");
  if (!place || !isReturn()) return;
  history.scrollRestoration = "manual";
  const find = (id) => grid.shots.find((shot) => shot.dataset.id === id);
  for (let page = 0; page < MOST_PAGES && grid.shots.length < place.count && !paging.isAtEnd; page += 1) {
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

function isReturn() {
  const asked = sessionStorage.getItem(RETURN);
  sessionStorage.removeItem(RETURN);
  const { type } = performance.getEntriesByType("navigation")[0] ?? {};
  return asked !== null || type === "back_forward" || type === "reload";
}
