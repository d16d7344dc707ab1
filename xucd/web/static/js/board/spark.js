/* Small plots, drawn by plot.js into SVG. They say nothing that the numbers beside them do not. */

import { area, bars, ceiling, line } from "./plot.js";

const SVG = "http://www.w3.org/2000/svg";
/** The plot's own units, whatever its size on the page. */
export const WIDTH = 120;
export const HEIGHT = 28;

/** A plot of one figure: "waiting" and "longest" as a line with its area, the others as bars. */
export function makePlot(name, width = WIDTH, height = HEIGHT) {
  const root = element("svg", {
    class: `plot ${name}`,
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  const ground = element("path", { class: "ground" });
  const stroke = element("path", { class: "stroke" });
  root.append(ground, stroke);
  return {
    root,
    draw(values, least) {
      const top = ceiling(values, least);
      const level = name === "waiting" || name === "longest";
      set(ground, level ? area(values, top, width, height) : bars(values, top, width, height));
      set(stroke, level ? line(values, top, width, height) : "");
      return top;
    },
  };
}

function set(path, d) {
  if (path.getAttribute("d") !== d) {
    path.setAttribute("d", d);
  }
}

function element(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  return made;
}
