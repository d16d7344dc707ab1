/* The agents as tiles, group by group, in the order of their states or names.

A tile is found by its agent's id and touched only when its agent changed. While somebody holds the
mouse down on one, or carries it about, none changes its place. */

import { countFrom } from "../shared/clock.js";
import { make, setAttribute, setText } from "../shared/dom.js";
import { detailWords, stateLook, stateWords } from "../shared/states.js";
import { byName, formatNumber, t } from "../shared/words.js";
import { AGENT_ORDERS, agentMatches } from "./model.js";
import { move } from "./queues.js";

export class AgentTiles {
  /** `open(id)` is called for an agent whose tile is pressed. */
  constructor(place, open) {
    this.place = place;
    this.tiles = new Map(); // agent id -> tile
    this.sections = new Map(); // group id, or null -> section
    this.held = false; // somebody holds the mouse down
    this.carried = false; // and carries a tile about
    this.unplaced = new Set();
    place.addEventListener("click", (event) => this.pressed(event, open));
    place.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        this.pressed(event, open);
      }
    });
    place.addEventListener("pointerdown", () => (this.held = true));
    addEventListener("pointerup", () => this.release());
    // A finger that scrolls is cancelled, and so is a mouse that begins to carry.
    addEventListener("pointercancel", () => this.carried || this.release());
    place.addEventListener("dragstart", () => (this.held = this.carried = true));
    addEventListener("dragend", () => this.release());
  }

  /** Lets the tiles change places again. */
  release() {
    this.held = this.carried = false;
    const tiles = [...this.unplaced].map((id) => this.tiles.get(id)).filter(Boolean);
    this.unplaced = new Set();
    this.arrange(tiles);
  }

  /** Puts all tiles in another order. */
  sort(order) {
    this.look = { ...this.look, order };
    this.arrange([...this.tiles.values()]);
  }

  /** Takes all away. */
  clear() {
    this.tiles.forEach((tile) => this.drop(tile));
    this.sections.forEach((section) => section.root.remove());
    this.sections.clear();
  }

  arrange(tiles) {
    // All out first: a place is looked for among tiles that are in order.
    tiles.forEach((tile) => this.take(tile));
    tiles.forEach((tile) => this.put(tile));
  }

  /**
   * Brings the tiles of these ids up to date, and takes away those of agents that are gone. `views`
   * is a Map of all agents, `look` {wanted, order, groups, statuses}.
   */
  show(ids, views, look) {
    this.look = look;
    for (const id of ids) {
      const view = views.get(id);
      if (view) {
        this.fill(this.tiles.get(id) ?? this.begin(id), view);
      } else if (this.tiles.has(id)) {
        this.drop(this.tiles.get(id));
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

  pressed(event, open) {
    const tile = event.target.closest(".tile");
    if (tile) {
      event.preventDefault();
      open(Number(tile.dataset.agent));
    }
  }

  begin(id) {
    const tile = {
      id,
      name: make("span", { class: "name" }),
      number: make("span", { class: "number" }),
      state: make("span", { class: "state" }),
      detail: make("span", { class: "detail quiet small" }),
      timer: make("span", { class: "timer" }),
      queues: make("span", { class: "memberships" }),
      section: null,
    };
    // Not a button: Firefox lets nobody drag one.
    tile.root = make("div",
      { class: "tile", role: "button", tabindex: "0", draggable: "true", "data-agent": id },
      make("span", { class: "ends" }, tile.name, tile.timer),
      make("span", {}, tile.state, tile.detail),
      make("span", { class: "quiet small" }, tile.number, tile.queues));
    this.tiles.set(id, tile);
    return tile;
  }

  drop(tile) {
    countFrom(tile.timer, null);
    this.take(tile);
    tile.root.remove();
    this.tiles.delete(tile.id);
  }

  fill(tile, view) {
    setText(tile.name, view.name);
    setText(tile.number, view.number);
    setText(tile.state, stateWords(view.state));
    setText(tile.detail, detailWords(view.told, this.look.statuses));
    setText(tile.queues, queueWords(view.queues));
    setAttribute(tile.root, "class", `tile ${stateLook(view.state)}`);
    if (tile.view?.since !== view.since) {
      countFrom(tile.timer, view.since);
    }
    tile.view = view;
    tile.root.hidden = !agentMatches(view, this.look.wanted);
    if (this.held && tile.section) {
      this.unplaced.add(tile.id);
    } else {
      this.put(tile);
    }
  }

  /** Gives a tile its place: that of its group and order. */
  put(tile) {
    const section = this.section(tile.view.groupId);
    const { order } = this.look;
    const compare = (a, b) => AGENT_ORDERS[order](a.view, b.view)
      || byName(a.view.name, b.view.name) || a.id - b.id;
    const at = tile.section === section ? section.tiles.indexOf(tile) : -1;
    if (at >= 0) {
      const [before, after] = [section.tiles[at - 1], section.tiles[at + 1]];
      if ((!before || compare(before, tile) <= 0) && (!after || compare(tile, after) <= 0)) {
        return;
      }
    }
    this.take(tile);
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

  take(tile) {
    if (tile.section) {
      tile.section.tiles.splice(tile.section.tiles.indexOf(tile), 1);
      tile.section = null;
    }
  }

  section(groupId) {
    const id = this.look.groups.has(groupId) ? groupId : null;
    if (!this.sections.has(id)) {
      this.sections.set(id, this.beginSection(id));
    }
    return this.sections.get(id);
  }

  beginSection(id) {
    const section = {
      id,
      name: make("span", {}),
      number: make("span", { class: "quiet number" }),
      list: make("div", { class: "tiles" }),
      tiles: [],
    };
    const title = make("h3", { id: `group-${id}` }, section.name, " ", section.number);
    section.root = make("section", { class: "group", "aria-labelledby": title.id },
      title, section.list);
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

  groupName(id) {
    return this.look.groups.get(id)?.name ?? t("board.no-group");
  }
}

function queueWords(queues) {
  return queues.map(({ name, penalty }) => (penalty ? `${name} ${penalty}` : name)).join(", ");
}
