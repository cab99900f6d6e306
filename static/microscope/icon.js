/* An icon of templates/microscope/icons.svg. The words beside it say what it means. */
const SVG = "http://www.w3.org/2000/svg";

export function icon(name, isSmall = false) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", isSmall ? "icon icon-small" : "icon");
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(document.createElementNS(SVG, "use"));
  drawing.firstChild.setAttribute("href", `#icon-${name}`);
  return drawing;
}
