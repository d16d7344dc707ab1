/* The icons of the pages, as paths in a square of 24. */

export const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  light: "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19"
    + "M19 5l-1.4 1.4M6.4 17.6L5 19",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5",
  system: "M3 5h18v11H3zM9 20h6M12 16v4",
  leave: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  key: "M8 12a4 4 0 1 0 0 8a4 4 0 1 0 0-8M11 13l9-9M16 8l3 3",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M17 14h.01M7 14h6",
  phone: "M6 3h4l2 5-2.5 1.5a11 11 0 0 0 5 5L16 12l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2",
  hangUp: "M3 14c5-5 13-5 18 0l-2.5 3-3.5-1.500v-2.500c-2-.7-4-.7-6 0v2.500L5.500 17z",
  forward: "M4 12h15M13 6l6 6-6 6",
  play: "M7 4l12 8-12 8z",
  pause: "M8 5v14M16 5v14",
  record: "M12 6a6 6 0 1 0 0 12a6 6 0 1 0 0-12",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  calendar: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  check: "M5 12.500l4.500 4.500L19 7",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
};
