/** Why xucd, or the way to it, turned something down. */
export class Refused extends Error {
  constructor(code: string, message?: string, detail?: Record<string, unknown>);
  /** For programs: a code of docs/protocol.md, or one of this library's own. */
  readonly code: string;
  /** What else xucd said, such as the `phoneNb` of `LoggedInOnAnotherPhone`. */
  readonly detail: Record<string, unknown>;
  /** Whether signing in again the same way is of no use. */
  readonly final: boolean;
}

/** Where xucd is and who signs in. */
export interface Options {
  /** xucd's address, such as `https://xucd.example.com`; a page's own unless given.
   *
   * Or several, of nodes of one centre: the first that answers is used until it fails, then the next. */
  url?: string | readonly string[];
  login?: string;
  password?: string;
  /** Instead of login and password: a token that is still good. */
  token?: string;
  /** Milliseconds between two heartbeats: 5000 unless given, with several addresses 1500. After three
   * in vain the link is lost. */
  heartbeat?: number;
  /** The class of WebSockets; the platform's own, or else that of the package `ws`. */
  WebSocket?: unknown;
}

/** A PBX; `since` is when it was lost. */
export interface PbxView {
  asterisk: "current" | "lost";
  since: number | null;
}

/** An agent. Times are milliseconds as `Date.now()` tells them. */
export interface AgentView {
  id: number;
  firstName: string;
  lastName: string;
  number: string;
  groupId: number | null;
  userId: number | null;
  /** Its state; null until told. */
  state: (Omit<AgentStateEvent, "agentId" | "since" | "queues"> & { cause: string }) | null;
  /** When that state began. */
  since: number | null;
  /** The ids of all its queues, also of those that the user may not see. */
  queueIds: number[];
  /** Its queues: id to penalty. */
  queues: Map<number, number>;
  /** The configured penalties, -1 for none, where Asterisk has another, or (a queue that is not in
   * `queues`) where another program has taken the agent out. */
  configured: Map<number, number>;
  /** The queues for which it is configured and that do not have it yet. */
  missing: Set<number>;
  /** Its figures of the day by name. */
  statistics: Partial<Record<AgentStatistic, number | string>>;
}

/** A queue. */
export interface QueueView {
  id: number;
  name: string;
  displayName: string;
  number: string;
  /** The PBX that has it, in a centre with several. */
  pbx?: string;
  /** Its figures of the day by name. */
  statistics: Partial<Record<QueueStatistic, number>>;
  /** Who waits, in order. */
  calls: QueueCall[];
}

/** A call of the user's own phone. */
export interface CallView extends PhoneEvent {
  /** When the present `eventType` began. */
  since: number;
  /** When the call was first heard of. */
  began: number;
  /** When it was first established; null until then. */
  answered: number | null;
}

/** A sheet, its items in order. */
export interface SheetView extends Sheet {
  items: SheetItem[];
  at: number;
}

/** A callback; `ticketUuid` once it was started. */
export interface CallbackView extends CallbackRequest {
  ticketUuid?: string;
}

/** The way to xucd. */
export type LinkState = "closed" | "catching-up" | "opened";

/** A part of the state. */
export type Part =
  | "user"
  | "statuses"
  | "agents"
  | "queues"
  | "calls"
  | "phones"
  | "sheets"
  | "callbacks"
  | "memberships"
  | "link";

/** All that is known, changed by xucd's messages alone: read it, never write to it. */
export interface State {
  user: UserConfigUpdate | null;
  rights: RightProfile;
  line: LineConfig | null;
  userStatus: string;
  phoneStatus: PhoneStatusUpdate["status"] | "";
  statuses: UserStatus[];
  /** Whether what is shown is current. Of several PBXs: "lost" while any is, since the first was. */
  asterisk: "current" | "lost";
  asteriskSince: number | null;
  /** The same of each PBX, by name, as far as xucd has told; empty where it names none. */
  pbxs: Map<string, PbxView>;
  link: LinkState;
  agents: Map<number, AgentView>;
  groups: Map<number, AgentGroup>;
  queues: Map<number, QueueView>;
  calls: Map<string, CallView>;
  /** What phones do, by number. */
  phones: Map<string, number>;
  /** Newest first. */
  sheets: SheetView[];
  callbacks: {
    lists: Map<string, { uuid: string; name: string; queueId: number }>;
    requests: Map<string, CallbackView>;
    periods: CallbackPeriod[];
  };
  /** Default memberships: user id to queue id to penalty. */
  memberships: Map<number, Map<number, number>>;
}

/** What this library itself tells of, by name, with what its handlers are given. */
export interface Happenings {
  /** The state has changed: which parts, and of each the keys that are known to be concerned. */
  change: [parts: Set<Part>, keys: Map<Part, Set<number | string>>];
  link: [status: LinkState];
  /** There is another token; the one before stays good until it expires. */
  token: [token: string];
  /** The link is closed for good: by `close()` (null), or because nobody may sign in any more. */
  closed: [why: Refused | null];
}

/** One client of xucd. */
export interface Center extends Commands {
  readonly state: State;
  readonly token: string;
  /** Calls `handler` for each message of a type; returns a function that ends it. */
  on<T extends keyof Messages>(type: T, handler: (body: Messages[T]) => void): () => void;
  on<T extends keyof Happenings>(type: T, handler: (...values: Happenings[T]) => void): () => void;
  /** The body of the next message that fits; rejects with `Timeout` after `within` ms (15 s). */
  until<T extends keyof Messages>(
    type: T,
    fits?: (body: Messages[T]) => boolean,
    within?: number,
  ): Promise<Messages[T]>;
  /** Subscribes to parts of the state, fills them, and keeps them current over lost links. */
  watch(...parts: Watchable[]): Promise<void>;
  /** Sends a command as the wire spells it. */
  ask(command: string, values?: Record<string, unknown>): Promise<void>;
  /** Ends the link; the token stays good. */
  close(): void;
  /** Ends the link and the sign-in, and with it all its tokens; `everywhere`, all of the user's. */
  signOut(options?: { everywhere?: boolean }): Promise<void>;
  /** Changes the password; all other sign-ins of the user end, this one goes on. */
  changePassword(password: string, newPassword: string): Promise<void>;
}

/** Signs in, opens the link and reads what is there. Rejects with `Refused`. */
export function connect(options: Options): Promise<Center>;
