/* Small plots in SVG, drawn by plot.js. They repeat what the numbers beside them say. */

import { area, bars, ceiling, line } from "./plot.js";

/** @import { Plotted } from "./history.js" */

const SVG = "http://www.w3.org/2000/svg";
/** The plot's own units, whatever its size on the page. */
export const WIDTH = 120;
export const HEIGHT = 28;

/** Whether a figure is a level, drawn as a line; the others are counters, drawn as bars.
 * @param {Plotted} name
 */
export function isLevel(name) {
  return name === "waiting" || name === "longest";
}

/** A plot of one figure: a level as a line with its area, a counter as bars.
 * @param {Plotted} name
 */
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
    /** Draws the values on a scale that reaches at least to `least`; returns its top.
     * @param {number[]} values
     * @param {number} least
     */
    draw(values, least) {
      const top = ceiling(values, least);
      const box = { top, width, height };
      set(ground, isLevel(name) ? area(values, box) : bars(values, box));
      set(stroke, isLevel(name) ? line(values, box) : "");
      return top;
    },
  };
}

/**
 * @param {SVGElement} path
 * @param {string} d
 */
function set(path, d) {
  if (path.getAttribute("d") !== d) {
    path.setAttribute("d", d);
  }
}

/**
 * @param {"svg" | "path"} tag
 * @param {Record<string, string>} attributes
 */
function element(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  return made;
}
