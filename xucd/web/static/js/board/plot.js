/* Numbers as SVG paths: pure. Unknown numbers (NaN) leave a gap. */

/** The area below a line through the values, `top` being the highest that fits. */
export function area(values, top, width, height) {
  return runs(values)
    .map((run) => {
      const begin = `M${x(run[0], values, width)} ${height}`;
      return `${begin}${steps(run, values, top, width, height)}V${height}Z`;
    })
    .join("");
}

/** The line itself. */
export function line(values, top, width, height) {
  return runs(values)
    .map((run) => {
      const begin = `M${x(run[0], values, width)} `;
      return steps(run, values, top, width, height).replace("V", begin);
    })
    .join("");
}

/** A bar for each value, standing on those `below` it. */
export function bars(values, top, width, height, below = null) {
  const wide = width / values.length;
  let path = "";
  values.forEach((value, index) => {
    if (value > 0) {
      const base = height - scale(below?.[index] || 0, top, height);
      const high = Math.max(scale(value, top, height), 1);
      const left = index * wide + wide * 0.12;
      const across = round(wide * 0.76);
      path += `M${round(left)} ${round(base)}v${round(-high)}h${across}v${round(high)}Z`;
    }
  });
  return path;
}

/** A round number that no value exceeds, at least `least`. */
export function ceiling(values, least) {
  let most = least;
  for (const value of values) {
    if (value > most) {
      most = value;
    }
  }
  const size = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 6, 8, 10].map((step) => step * size).find((step) => step >= most);
}

function runs(values) {
  const found = [];
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

// Who waits comes and goes in an instant: a slope between two values would tell of what never was.
function steps(run, values, top, width, height) {
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

function x(index, values, width) {
  return round((index * width) / values.length);
}

function scale(value, top, height) {
  return (Math.min(value, top) / top) * height;
}

function round(number) {
  return Math.round(number * 10) / 10;
}
