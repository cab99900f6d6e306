/* The numbers of the selected images, also of images whose thumbnails are not on the page. */
export class Chosen {
  constructor() {
    this.images = new Map();
  }

  get count() {
    return this.images.size;
  }

  /** Newest first, in the order of their ids. */
  get ids() {
    return [...this.images.keys()].sort((one, other) => other - one);
  }

  get sizeBytes() {
    return [...this.images.values()].reduce((sum, { size }) => sum + size, 0);
  }

  get mayBin() {
    return [...this.images.values()].some(({ mayBin }) => mayBin);
  }

  has(id) {
    return this.images.has(id);
  }

  add(id, { size, mayBin }) {
    this.images.set(id, { size, mayBin });
  }

  /** Of a whole list the page knows only that the user `mayBin` at least one. What is known of single images stays. */
  addAll({ ids, sizes, mayBin }) {
    ids.forEach((id, place) => this.has(id) || this.add(id, { size: sizes[place], mayBin }));
  }

  remove(id) {
    this.images.delete(id);
  }

  clear() {
    this.images.clear();
  }

  toJSON() {
    return [...this.images].map(([id, { size, mayBin }]) => [id, size, Number(mayBin)]);
  }

  fill(kept) {
    for (const [id, size, mayBin] of kept) this.add(id, { size, mayBin: Boolean(mayBin) });
  }
}
