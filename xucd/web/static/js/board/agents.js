/* The agents as tiles, group by group, in the order of their states or names.

A tile is updated only when its agent changed. While the user holds the mouse down on a tile, or
drags it, no tile changes its place. */

import { countFrom } from "../shared/clock.js";
import { closest, make, setAttribute, setText } from "../shared/dom.js";
import { detailWords, stateLook, stateWords } from "../shared/states.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { AGENT_ORDERS, agentMatches } from "./model.js";
import { move } from "./queues.js";

/** @import { AgentGroup, UserStatus } from "/lib/xucd.js" */
/** @import { AgentTile, Wanted } from "./model.js" */

/**
 * How tiles are shown: which, in what order, in which groups, with which reasons for a pause, and of
 * which PBXs what is shown is out of date.
 * @typedef {object} Look
 * @property {Wanted} wanted
 * @property {string} order
 * @property {Map<number, AgentGroup>} groups
 * @property {UserStatus[]} statuses
 * @property {(pbx?: string) => boolean} isStale
 */

/** @typedef {ReturnType<typeof makeTile>} Tile */

/**
 * A group's tiles; `id` is null for agents of a group that the user may not see.
 * @typedef {object} Section
 * @property {number | null} id
 * @property {HTMLElement} root
 * @property {HTMLElement} name
 * @property {HTMLElement} number
 * @property {HTMLElement} list
 * @property {Tile[]} tiles
 */

export class AgentTiles {
  /** @type {Map<number, Tile>} */
  tiles = new Map(); // by the agent's id
  /** @type {Map<number | null, Section>} */
  sections = new Map();
  /** @type {Look} */
  look = {
    wanted: { words: "", states: new Set(), group: null, queue: null },
    order: "state", groups: new Map(), statuses: [], isStale: () => false,
  };
  held = false; // the mouse is held down on a tile
  carried = false; // and the tile is dragged
  /** @type {Set<number>} */
  unplaced = new Set(); // agents whose tiles change their places afterwards

  /** `open(id)` is called for an agent whose tile is pressed.
   * @param {HTMLElement} place
   * @param {(id: number) => void} open
   */
  constructor(place, open) {
    this.place = place;
    place.addEventListener("click", (event) => this.pressed(event, open));
    place.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        this.pressed(event, open);
      }
    });
    place.addEventListener("pointerdown", () => {
      this.held = true;
    });
    addEventListener("pointerup", () => this.release());
    // Scrolling by finger cancels the pointer, and so does the start of a drag.
    addEventListener("pointercancel", () => {
      if (!this.carried) {
        this.release();
      }
    });
    place.addEventListener("dragstart", () => {
      this.held = this.carried = true;
    });
    addEventListener("dragend", () => this.release());
  }

  /** Lets the tiles change places again. */
  release() {
    this.held = this.carried = false;
    const tiles = [...this.unplaced].map((id) => this.tiles.get(id)).filter((tile) => !!tile);
    this.unplaced = new Set();
    this.arrange(tiles);
  }

  /** Sorts all tiles by another order.
   * @param {string} order
   */
  sort(order) {
    this.look = { ...this.look, order };
    this.arrange([...this.tiles.values()]);
  }

  /** Removes all tiles. */
  clear() {
    this.tiles.forEach((tile) => this.drop(tile));
    this.sections.forEach((section) => section.root.remove());
    this.sections.clear();
  }

  /** @param {Tile[]} tiles */
  arrange(tiles) {
    // All out first: a place is searched for among tiles that are sorted.
    tiles.forEach((tile) => takeOut(tile));
    tiles.forEach((tile) => this.put(tile));
  }

  /** Updates the tiles of these agents, and removes those of agents that are not in `views`.
   * @param {Iterable<number>} ids
   * @param {Map<number, AgentTile>} views
   * @param {Look} look
   */
  show(ids, views, look) {
    this.look = look;
    for (const id of ids) {
      const view = views.get(id);
      const known = this.tiles.get(id);
      if (view) {
        const tile = known ?? makeTile(view);
        this.tiles.set(id, tile);
        this.fill(tile, view);
      } else if (known) {
        this.drop(known);
      }
    }
    this.count();
  }

  /** How many tiles can be seen. */
  get shown() {
    let shown = 0;
    for (const tile of this.tiles.values()) {
      shown += tile.root.hidden ? 0 : 1;
    }
    return shown;
  }

  /**
   * @param {Event} event
   * @param {(id: number) => void} open
   */
  pressed(event, open) {
    const tile = closest(event, ".tile");
    if (tile) {
      event.preventDefault();
      open(Number(tile.dataset.agent));
    }
  }

  /** @param {Tile} tile */
  drop(tile) {
    countFrom(tile.timer, null);
    takeOut(tile);
    tile.root.remove();
    this.tiles.delete(tile.view.id);
  }

  /**
   * @param {Tile} tile
   * @param {AgentTile} view
   */
  fill(tile, view) {
    setText(tile.name, view.name);
    setText(tile.number, view.number);
    setText(tile.state, stateWords(view.state));
    setText(tile.detail, detailWords(view.details, this.look.statuses));
    setText(tile.queues, queueWords(view.queues));
    const stale = this.look.isStale(view.pbx) ? " stale" : "";
    setAttribute(tile.root, "class", `tile ${stateLook(view.state)}${stale}`);
    if (tile.since !== view.since) {
      countFrom(tile.timer, view.since);
      tile.since = view.since;
    }
    tile.view = view;
    tile.root.hidden = !agentMatches(view, this.look.wanted);
    if (this.held && tile.section) {
      this.unplaced.add(view.id);
    } else {
      this.put(tile);
    }
  }

  /** Moves a tile to its place in its group.
   * @param {Tile} tile
   */
  put(tile) {
    const section = this.section(tile.view.groupId);
    const { order } = this.look;
    const compare = (/** @type {Tile} */ a, /** @type {Tile} */ b) => AGENT_ORDERS[order](a.view, b.view)
      || byName(a.view.name, b.view.name) || a.view.id - b.view.id;
    const at = tile.section === section ? section.tiles.indexOf(tile) : -1;
    if (at >= 0) {
      const [before, after] = [section.tiles[at - 1], section.tiles[at + 1]];
      if ((!before || compare(before, tile) <= 0) && (!after || compare(tile, after) <= 0)) {
        return;
      }
    }
    takeOut(tile);
    let low = 0;
    let high = section.tiles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(section.tiles[middle], tile) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    move(tile.root, section.list, section.tiles[low]?.root ?? null);
    section.tiles.splice(low, 0, tile);
    tile.section = section;
  }

  /** @param {number | null} groupId */
  section(groupId) {
    const id = groupId !== null && this.look.groups.has(groupId) ? groupId : null;
    const section = this.sections.get(id) ?? this.beginSection(id);
    this.sections.set(id, section);
    return section;
  }

  /** @param {number | null} id */
  beginSection(id) {
    const section = makeSection(id);
    const names = [...this.sections.values()].concat(section)
      .sort((a, b) => byName(this.groupName(a.id), this.groupName(b.id)));
    const next = names[names.indexOf(section) + 1];
    this.place.insertBefore(section.root, next?.root ?? null);
    return section;
  }

  count() {
    for (const section of this.sections.values()) {
      const shown = section.tiles.filter((tile) => !tile.root.hidden).length;
      setText(section.name, this.groupName(section.id));
      setText(section.number, formatNumber(shown));
      section.root.hidden = shown === 0;
    }
  }

  /** @param {number | null} id */
  groupName(id) {
    return (id === null ? undefined : this.look.groups.get(id)?.name) ?? t("board.no-group");
  }
}

/** @param {AgentTile} view */
function makeTile(view) {
  const name = make("span", { class: "name" });
  const number = make("span", { class: "number" });
  const state = make("span", { class: "state" });
  const detail = make("span", { class: "detail quiet small" });
  const timer = make("span", { class: "timer" });
  const queues = make("span", { class: "memberships" });
  // Not a button: Firefox does not let users drag one.
  const root = make("div",
    { class: "tile", role: "button", tabindex: "0", draggable: "true", "data-agent": view.id },
    make("span", { class: "ends" }, name, timer),
    make("span", {}, state, detail),
    make("span", { class: "quiet small" }, number, queues));
  return {
    root, name, number, state, detail, timer, queues, view,
    /** @type {number | null | undefined} */
    since: undefined, // what the timer counts from
    /** @type {Section | null} */
    section: null,
  };
}

/**
 * @param {number | null} id
 * @returns {Section}
 */
function makeSection(id) {
  const name = make("span", {});
  const number = make("span", { class: "quiet number" });
  const list = make("div", { class: "tiles" });
  const title = make("h3", { id: `group-${id}` }, name, " ", number);
  const root = make("section", { class: "group", "aria-labelledby": title.id }, title, list);
  return { id, root, name, number, list, tiles: [] };
}

/** Takes a tile out of its section's order.
 * @param {Tile} tile
 */
function takeOut(tile) {
  if (tile.section) {
    tile.section.tiles.splice(tile.section.tiles.indexOf(tile), 1);
    tile.section = null;
  }
}

/** @param {AgentTile["queues"]} queues */
function queueWords(queues) {
  return queues.map(({ name, penalty }) => (penalty ? `${name} ${penalty}` : name)).join(", ");
}
