/* Text that was typed, and requests without an answer, survive the page: in this tab, and only for the same user. */
import { pageUser } from "./api.js";

const keyOf = (name) => `draft:${pageUser}:${name}`;

export function keepDraft(name, content) {
  sessionStorage.setItem(keyOf(name), JSON.stringify(content));
}

/** Null if there is none. */
export function readDraft(name) {
  return JSON.parse(sessionStorage.getItem(keyOf(name)) ?? "null");
}

export function forgetDraft(name) {
  sessionStorage.removeItem(keyOf(name));
}

/** When the page is left, keep what `read()` returns, if it is not null. `restore(content)` is
    called now if something was kept. */
export function connectDraft(name, read, restore) {
  const kept = readDraft(name);
  forgetDraft(name);
  if (kept) restore(kept);
  addEventListener("pagehide", () => {
    const content = read();
    if (content) keepDraft(name, content);
  });
}
