/* The status reads itself again every ten seconds. */
import { Parts } from "../images/job/parts.js";

const POLL_MS = 10_000;

new Parts(document.getElementById("status-page"), { pollMs: POLL_MS });
