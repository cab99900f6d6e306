/* The microscopes: their cards read themselves again every ten seconds, and the pictures of those in sight with them. */
import { Parts } from "./job/parts.js";

const POLL_MS = 10_000;
const CARD = "card-";

class SmallPictures {
  constructor(cards) {
    Object.assign(this, { inSight: new Set(), coming: new Map(), shown: new Map() });
    this.sight = new IntersectionObserver((seen) => seen.forEach((one) => this.note(one.target, one.isIntersecting)));
    for (const card of cards) {
      this.shown.set(card, addressIn(card));
      this.sight.observe(card);
    }
  }

  note(card, isInSight) {
    if (!isInSight) return this.inSight.delete(card);
    this.inSight.add(card);
    return this.renew(card);
  }

  renewAll() {
    this.inSight.forEach((card) => this.renew(card));
  }

  /** The old picture stays until the new one is there. One that has not come when the next is due is given up. */
  async renew(card) {
    const address = addressIn(card);
    if (!address || address === this.shown.get(card)) return;
    this.coming.get(card)?.removeAttribute("src");
    const picture = Object.assign(document.createElement("img"), { alt: `Picture from ${nameIn(card)}`, src: address });
    this.coming.set(card, picture);
    try {
      await picture.decode();
    } catch {
      return; // the next round tries again
    }
    if (this.coming.get(card) !== picture) return;
    this.coming.delete(card);
    this.shown.set(card, address);
    card.querySelector(".instrument-picture").replaceChildren(picture);
  }
}

function addressIn(card) {
  return card.querySelector("[data-picture]")?.dataset.picture;
}

function nameIn(card) {
  return card.querySelector("h2").textContent.trim();
}

/** The switch itself works by CSS alone. The address remembers it. */
function connectSwitch(box) {
  box?.addEventListener("change", () => {
    const address = new URL(window.location.href);
    if (box.checked) address.searchParams.set("problem", "true");
    else address.searchParams.delete("problem");
    window.history.replaceState(null, "", address);
  });
}

const page = document.getElementById("instruments");
const cards = [...page.querySelectorAll(".instrument")];
const pictures = new SmallPictures(cards);

function namesOnPage() {
  return [...page.querySelectorAll(`[data-part^="${CARD}"]`)].map((part) => part.dataset.part);
}

function takeNews(answer) {
  const told = Object.keys(answer.parts).filter((name) => name.startsWith(CARD));
  // A microscope has joined or left, or has another name: the page is another one.
  if (told.join() !== namesOnPage().join()) window.location.reload();
  else pictures.renewAll();
}

connectSwitch(document.getElementById("only-problems"));
new Parts(page, { pollMs: POLL_MS, onNews: takeNews });
