/* The filters of the list of jobs: sent as soon as one is chosen. The address contains only filters that are set. */
import { addressOf } from "../../microscope/api.js";

export function connectFilters(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(form);
  });
  for (const choice of form.querySelectorAll("select")) choice.addEventListener("change", () => apply(form));
}

function apply(form) {
  const query = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
  location.assign(addressOf(query.size ? `/jobs/?${query}` : "/jobs/"));
}
