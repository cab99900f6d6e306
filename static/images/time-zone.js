/* Tells the server where the clock of who looks stands, so that days and times are theirs on every page. */
const YEAR_S = 31_536_000;

/** `shown` is the zone the page was made for. Loads it again, once, where that is another one. */
export function tellTimeZone(shown) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const told = `timezone=${zone}`;
  if (!zone || zone === shown || has(told)) return;
  document.cookie = `${told}; path=/; max-age=${YEAR_S}; samesite=lax`;
  if (has(told)) location.reload();
}

function has(cookie) {
  return document.cookie.split("; ").includes(cookie);
}
