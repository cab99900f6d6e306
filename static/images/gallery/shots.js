/* What can be asked of thumbnails without changing anything: which is where, and what each holds. */

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** The thumbnails from one to the other, both included, in the order of the page. */
export function between(shots, one, other) {
  const [from, to] = [shots.indexOf(one), shots.indexOf(other)].sort((first, second) => first - second);
  return shots.slice(Math.max(from, 0), to + 1);
}

/** The thumbnail that an arrow key leads to. */
export function neighbour(shots, shot, key) {
  if (key in STEPS) return shots[shots.indexOf(shot) + STEPS[key]];
  return nextRow(shots, shot, key === "ArrowDown");
}

function nextRow(shots, shot, isDown) {
  const { left, top } = shot.getBoundingClientRect();
  const places = shots.map((other) => ({ other, box: other.getBoundingClientRect() }));
  const beyond = places.filter(({ box }) => (isDown ? box.top > top + 1 : box.top < top - 1));
  const row = isDown ? Math.min(...beyond.map(({ box }) => box.top)) : Math.max(...beyond.map(({ box }) => box.top));
  const inRow = beyond.filter(({ box }) => Math.abs(box.top - row) < 1);
  return inRow.sort((one, two) => Math.abs(one.box.left - left) - Math.abs(two.box.left - left))[0]?.other;
}

export function isInSight(shot) {
  const { top, bottom } = shot.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

export function shotsOf(day) {
  return [...day.querySelectorAll(".shot")];
}

export function fieldsOf({ dataset }) {
  return { size: Number(dataset.size), mayBin: "mayBin" in dataset };
}

export function boxOf(shot) {
  return shot.querySelector(".tick input");
}

export function linkOf(shot) {
  return shot.querySelector("a");
}
