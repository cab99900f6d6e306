/* Which notice about their control this user has read and closed, in all tabs of this browser. */
import { pageUser } from "../api.js";

const CLOSED = `closed-control-notice:${pageUser}`;

/** The numbers of the server begin anew when it starts again. */
export const nameNotice = ({ number, at }) => `${number} ${at}`;

export function isNoticeClosed({ notice }) {
  return Boolean(notice) && localStorage.getItem(CLOSED) === nameNotice(notice);
}

/** `name`: what `nameNotice` returns. */
export function closeNotice(name) {
  if (localStorage.getItem(CLOSED) !== name) localStorage.setItem(CLOSED, name);
}
