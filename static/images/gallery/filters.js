/* The filters: sent as soon as one is chosen. The address contains only filters that are set. */
import { addressOf } from "../../microscope/api.js";

const byId = (id) => document.getElementById(id);

export function connectFilters() {
  const form = byId("filters");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(form);
  });
  for (const choice of form.querySelectorAll("select, #simulated")) choice.addEventListener("change", () => apply(form));
  connectSheet(form);
}

function apply(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value.trim()) query.set(name, value.trim());
  }
  if (byId("simulated").checked) query.delete("simulated");
  const text = query.toString();
  location.assign(addressOf(text ? `/images/?${text}` : "/images/"));
}

/** On a phone all filters but the search are in a sheet. Its button shows how many are set. */
function connectSheet(form) {
  const button = byId("filters-button");
  const sheet = byId("filters-more");
  const set = form.querySelectorAll(".filter.is-set, #simulated:not(:checked)").length;
  form.classList.add("has-sheet");
  button.hidden = false;
  byId("filters-count").textContent = set;
  byId("filters-count").hidden = set === 0;
  button.addEventListener("click", () => {
    const isOpen = sheet.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(isOpen));
  });
}
