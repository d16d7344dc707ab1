/* Numbers as SVG paths: pure. Unknown numbers (NaN) leave a gap. */

/** @typedef {{top: number, width: number, height: number}} Box `top` is the value at its upper edge. */

/** The area below the line of the values.
 * @param {number[]} values
 * @param {Box} box
 */
export function area(values, { top, width, height }) {
  return runs(values)
    .map((run) => {
      const begin = `M${x(run[0], values, width)} ${height}`;
      return `${begin}${steps(run, values, { top, width, height })}V${height}Z`;
    })
    .join("");
}

/** The line of the values.
 * @param {number[]} values
 * @param {Box} box
 */
export function line(values, { top, width, height }) {
  return runs(values)
    .map((run) => {
      const begin = `M${x(run[0], values, width)} `;
      return steps(run, values, { top, width, height }).replace("V", begin);
    })
    .join("");
}

/** A bar for each value.
 * @param {number[]} values
 * @param {Box} box
 */
export function bars(values, { top, width, height }) {
  const wide = width / values.length;
  let path = "";
  values.forEach((value, index) => {
    if (value > 0) {
      const high = Math.max(scale(value, top, height), 1);
      const left = index * wide + wide * 0.12;
      const across = round(wide * 0.76);
      path += `M${round(left)} ${height}v${round(-high)}h${across}v${round(high)}Z`;
    }
  });
  return path;
}

/** A round number that no value exceeds, at least `least`.
 * @param {number[]} values
 * @param {number} least
 */
export function ceiling(values, least) {
  let most = least;
  for (const value of values) {
    if (value > most) {
      most = value;
    }
  }
  const size = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 6, 8].map((step) => step * size).find((step) => step >= most) ?? 10 * size;
}

/** The indexes of the known values, in runs without a gap.
 * @param {number[]} values
 */
function runs(values) {
  /** @type {number[][]} */
  const found = [];
  /** @type {number[] | null} */
  let run = null;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) {
      run = null;
    } else if (run) {
      run.push(index);
    } else {
      run = [index];
      found.push(run);
    }
  });
  return found;
}

/** A run as steps: a level changes in an instant, and a slope would show values that never were.
 * @param {number[]} run
 * @param {number[]} values
 * @param {Box} box
 */
function steps(run, values, { top, width, height }) {
  let path = "";
  let last = null;
  for (const index of run) {
    const y = round(height - scale(values[index], top, height));
    if (y !== last) {
      path += `V${y}`;
      last = y;
    }
    path += `H${x(index + 1, values, width)}`;
  }
  return path;
}

/**
 * @param {number} index
 * @param {number[]} values
 * @param {number} width
 */
function x(index, values, width) {
  return round((index * width) / values.length);
}

/**
 * @param {number} value
 * @param {number} top
 * @param {number} height
 */
function scale(value, top, height) {
  return (Math.min(value, top) / top) * height;
}

/** @param {number} number */
function round(number) {
  return Math.round(number * 10) / 10;
}
