/* Made by python -m xucd.cti.schema out of the message structs; do not edit. */

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
  /** xucd's address, such as `https://xucd.example.com`; a page's own unless given. */
  url?: string;
  login?: string;
  password?: string;
  /** Instead of login and password: a token that is still good. */
  token?: string;
  /** Milliseconds between two heartbeats, 5000 unless given; after three in vain the link is lost. */
  heartbeat?: number;
  /** The class of WebSockets; the platform's own, or else that of the package `ws`. */
  WebSocket?: unknown;
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
  /** Its queues: id to penalty. */
  queues: Map<number, number>;
  /** Its figures of the day by name. */
  statistics: Record<string, number | string>;
}

/** A queue. */
export interface QueueView {
  id: number;
  name: string;
  displayName: string;
  number: string;
  /** Its figures of the day by name. */
  statistics: Record<string, number>;
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

/** What `watch` can keep current. */
export type Watchable =
  | "agents"
  | "queues"
  | "queueCalls"
  | "statistics"
  | "callbacks"
  | "memberships";

/** All that is known, changed by xucd's messages alone: read it, never write to it. */
export interface State {
  user: UserConfigUpdate | null;
  rights: RightProfile;
  line: LineConfig | null;
  userStatus: string;
  phoneStatus: PhoneStatusUpdate["status"] | "";
  statuses: UserStatus[];
  /** Whether what is shown is current. */
  asterisk: "current" | "lost";
  asteriskSince: number | null;
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
  /** Ends the link. */
  close(): void;
}

/** Signs in, opens the link and reads what is there. Rejects with `Refused`. */
export function connect(options: Options): Promise<Center>;

/** An agent as lists have it. */
export interface ListedAgent {
  id: number;
  firstName: string;
  lastName: string;
  number: string;
  context: string;
  groupId: number;
  userId?: number;
}

/** All agents the client may see. */
export type AgentList = ListedAgent[];

/** A group of agents. */
export interface AgentGroup {
  id: number;
  name: string;
}

/** All groups the client may see. */
export type AgentGroupList = AgentGroup[];

/** A part of the day in which callbacks can be wanted; times are local, ``HH:MM:SS``. */
export interface CallbackPeriod {
  uuid: string;
  name: string;
  periodStart: string;
  periodEnd: string;
  default: boolean;
}

/** A callback: whoever is to be called, and when. `dueDate` is ``YYYY-MM-DD``.
 *
 * `voiceMessageRef` is there only if the caller left a message, `ticketUuid` only while the ticket
 * of the taker's last call is not filled in, `clotured` only for a closed request.
 */
export interface CallbackRequest {
  uuid: string;
  listUuid: string;
  phoneNumber: string | null;
  mobilePhoneNumber: string | null;
  firstName: string | null;
  lastName: string | null;
  company: string | null;
  description: string | null;
  agentId: number | null;
  dueDate: string;
  preferredPeriod: CallbackPeriod;
  voiceMessageRef?: string;
  ticketUuid?: string;
  clotured?: boolean;
}

/** A list of callbacks with its open requests. It belongs to a queue. */
export interface CallbackList {
  uuid: string;
  name: string;
  queueId: number;
  callbacks: CallbackRequest[];
}

/** All lists of callbacks that the user sees, each with its open requests. */
export type CallbackLists = CallbackList[];

/** All periods in which a callback can be wanted. */
export type PreferredCallbackPeriodList = CallbackPeriod[];

/** What a status does when it is chosen: ``queuepause_all``, ``queueunpause_all``. */
export interface StatusAction {
  name: string;
  parameters: string;
}

/** A status a user can choose. `name` matches ``[\w-]+``, `color` is ``#RRGGBB``. */
export interface UserStatus {
  name: string;
  longName: string;
  color: string;
  actions: StatusAction[];
}

/** Every status that the server can ever send. */
export type UsersStatuses = UserStatus[];

/** An agent's place in a queue. `penalty` -1 says that it has left the queue. */
export interface QueueMember {
  agentId: number;
  queueId: number;
  penalty: number;
}

/** All live members of the queues the client may see. */
export type QueueMemberList = QueueMember[];

/** A queue's configuration. */
export interface QueueConfig {
  id: number;
  context: string;
  name: string;
  displayName: string;
  number: string;
}

/** All queues the client may see. */
export type QueueList = QueueConfig[];

/** A command about an agent was refused, or what it began has failed.
 *
 * `uuid` is of the callback that it was about, `ticket_uuid` of that call's ticket; `agent_id`
 * says who has taken the callback.
 */
export interface AgentError {
  Error: string;
  phoneNb?: string;
  RequestedNb?: string;
  uuid?: string;
  ticketUuid?: string;
  agentId?: number;
}

/** An agent's state. `since` is how long it has been in it when the message is made.
 *
 * `cause` goes with `AgentReady` and `AgentOnPause`; the last four with `AgentOnCall` alone, since
 * clients conclude a call from their presence.
 */
export interface AgentStateEvent {
  name: "AgentDialing" | "AgentLoggedOut" | "AgentLogin" | "AgentOnCall" | "AgentOnPause" | "AgentOnWrapup" | "AgentReady" | "AgentRinging";
  agentId: number;
  phoneNb: string;
  since: number;
  queues: number[];
  cause?: string;
  acd?: boolean;
  direction?: "Incoming" | "Outgoing";
  callType?: "External" | "Internal";
  monitorState?: "ACTIVE" | "DISABLED" | "PAUSED";
}

/** An agent with its present state. */
export interface DirectoryEntry {
  agent: ListedAgent;
  agentState: AgentStateEvent;
}

/** All agents the client may see, each with its state. */
export interface AgentDirectory {
  directory: DirectoryEntry[];
}

/** A queue of an agent, as `AgentConfig` tells it. */
export interface AgentMembership {
  queue_name: string;
  queue_id: number;
  interface: string;
  penalty: number;
  userid: number;
  commented: number;
  usertype: string;
  channel: string;
  category: string;
  position: number;
}

/** An agent's configuration, after it has changed.
 *
 * Clients of two generations read it, so four fields are sent in both spellings: give either, the
 * other follows.
 */
export interface AgentConfig {
  id: number;
  number: string;
  context: string;
  member: AgentMembership[];
  firstName?: string;
  lastName?: string;
  groupId?: number;
  userId?: number;
  firstname?: string;
  lastname?: string;
  numgroup?: number;
  userid?: number;
}

/** Somebody began or ceased to listen to the agent. */
export interface AgentListen {
  started: boolean;
  phoneNumber: string;
  agentId: number;
}

/** One figure: times in seconds, moments as RFC 3339 strings. */
export interface Statistic {
  name: string;
  value: number | string;
}

/** Figures of an agent for the day. */
export interface AgentStatistics {
  id: number;
  statistics: Statistic[];
}

/** One line of a sheet. */
export interface SheetItem {
  value: string;
  name: string;
  order: number;
  type: string;
}

/** What of a sheet is for the user. */
export interface SheetUser {
  sheetInfo: SheetItem[];
}

/** A sheet by its readers. */
export interface SheetProfile {
  user: SheetUser;
}

/** A sheet's content. */
export interface SheetPayload {
  profile: SheetProfile;
}

/** What is known of a call that rings. `timenow` is in epoch seconds. */
export interface Sheet {
  timenow: number;
  payload: SheetPayload;
  channel: string;
  compressed: boolean;
  serial: string;
}

/** A page of the callbacks that a search found; `total` counts all that it found. */
export interface CallbackPage {
  total: number;
  list: CallbackRequest[];
}

/** The answer to `findCallbackRequest`; `id` is the one that the client sent. */
export interface FindCallbackResponseWithId {
  id: string | number;
  response: CallbackPage;
}

/** An agent has taken a callback. */
export interface CallbackTaken {
  uuid: string;
  agentId: number;
}

/** A callback is being called; `ticketUuid` is the ticket that records the call's outcome. */
export interface CallbackStarted {
  requestUuid: string;
  ticketUuid: string;
}

/** A callback was closed or removed. */
export interface CallbackClotured {
  uuid: string;
}

/** A callback is free again: every agent of its queue can take it. */
export interface CallbackReleased {
  uuid: string;
}

/** A callback is new, was changed, or is open again. */
export interface CallbackRequestUpdated {
  request: CallbackRequest;
}

/** Where a client's stream of messages stands. `epoch` names the stream. */
export interface Stream {
  epoch: string;
  position: number;
}

/** The first message of every link. The last two only for a client that asked to resume. */
export interface LoggedOn {
  status: "ok";
  stream?: Stream;
  recovered?: boolean;
}

/** What the user may do. */
export interface RightProfile {
  profile: "Admin" | "NoRight" | "Supervisor";
  rights: string[];
}

/** The user's own configuration. */
export interface UserConfigUpdate {
  userId: number;
  firstName: string;
  lastName: string;
  fullName: string;
  agentId: number | null;
  lineIds: number[];
  mobileNumber: string | null;
  voiceMailId: number | null;
  voiceMailEnabled: boolean;
  dndEnabled: boolean;
  naFwdEnabled: boolean;
  naFwdDestination: string;
  uncFwdEnabled: boolean;
  uncFwdDestination: string;
  busyFwdEnabled: boolean;
  busyFwdDestination: string;
}

/** The status the user has chosen, by its name. */
export interface UserStatusUpdate {
  status: string;
}

/** Whether what clients see is current. `since` is an RFC 3339 time in UTC. */
export interface LinkStatus {
  asterisk: "current" | "lost";
  since?: string;
}

/** A frame that could not be understood. `message` never repeats what the client sent. */
export interface ErrorMessage {
  Error: string;
  message?: string;
}

/** What became of a command that carried a request id. The last two only when not ok. */
export interface CommandResult {
  requestId: string | number;
  ok: boolean;
  error?: string;
  message?: string;
}

/** The user's line. `id` is never ``"-"``. */
export interface LineConfig {
  id: string;
  name: string;
  context: string;
  phoneNumber: string;
  interface: string;
  webRtc: boolean;
}

/** What the user's own phone does. */
export interface PhoneStatusUpdate {
  status: "AVAILABLE" | "BUSY" | "BUSY_AND_RINGING" | "CALLING" | "DEACTIVATED" | "ERROR" | "INDISPONIBLE" | "ONHOLD" | "RINGING" | "UNEXISTING";
}

/** What somebody's phone does: one of `PHONE_HINT`. */
export interface PhoneHintStatusEvent {
  number: string;
  status: number;
}

/** What happens on the user's own phone. */
export interface PhoneEvent {
  eventType: "EventDialing" | "EventEstablished" | "EventOnHold" | "EventReleased" | "EventRinging";
  DN: string;
  otherDN: string;
  otherDName: string;
  linkedId: string;
  uniqueId: string;
  callDirection: "Incoming" | "Outgoing";
  userData: Record<string, string>;
  username: string;
  queueName?: string;
}

/** The calls that the user's phone has now. */
export interface CurrentCallsPhoneEvents {
  events: PhoneEvent[];
}

/** One figure of a queue. */
export interface Counter {
  statName: string;
  value: number;
}

/** Figures of a queue for the day. */
export interface QueueStatistics {
  queueId: number;
  counters: Counter[];
}

/** Figures of a queue over a window that the client asked for. */
export interface GetQueueStatistics {
  queueId: number;
  counters: Counter[];
}

/** A caller who waits. `queue_time` is when the wait began, RFC 3339. */
export interface QueueCall {
  position: number;
  name: string;
  number: string;
  queueTime: string;
}

/** All callers who wait in a queue, in their order. */
export interface QueueCalls {
  queueId: number;
  calls: QueueCall[];
}

/** One queue of a default membership. */
export interface QueuePenalty {
  queueId: number;
  penalty: number;
}

/** The queues a user's agent is in when nothing else is said. */
export interface UserQueueDefaultMembership {
  userId: number;
  membership: QueuePenalty[];
}

/** The default memberships of all users the client may see. */
export interface UsersQueueDefaultMembership {
  memberships: UserQueueDefaultMembership[];
}

/** A queue of a default membership; its penalty is one that the centre's file can hold, too. */
export interface Place {
  queueId: number;
  penalty: number;
}

/** One condition of a search for callbacks; with an `order` it is sorted by its field, too.
 *
 * Without an `operator` it is no condition, and only the order counts.
 */
export interface CallbackFilter {
  field: string;
  operator?: string | null;
  value?: string | number | boolean | null;
  order?: string | null;
}

/** What to sort by: a field, and ``ASC`` or ``DESC``. */
export interface CallbackOrder {
  field: string;
  order?: string;
}

/** A search for callbacks, and which page of what it finds.
 *
 * An `order` as text is fields with commas between, each perhaps with ``DESC`` after it.
 */
export interface CallbackSearch {
  filters?: CallbackFilter[];
  order?: string | CallbackOrder[] | null;
  offset?: number | null;
  limit?: number | null;
}

/** Every message by its `msgType`. */
export interface Messages {
  AgentList: AgentList;
  AgentGroupList: AgentGroupList;
  CallbackLists: CallbackLists;
  PreferredCallbackPeriodList: PreferredCallbackPeriodList;
  UsersStatuses: UsersStatuses;
  QueueMemberList: QueueMemberList;
  QueueList: QueueList;
  AgentError: AgentError;
  AgentStateEvent: AgentStateEvent;
  AgentDirectory: AgentDirectory;
  AgentConfig: AgentConfig;
  AgentListen: AgentListen;
  AgentStatistics: AgentStatistics;
  Sheet: Sheet;
  FindCallbackResponseWithId: FindCallbackResponseWithId;
  CallbackTaken: CallbackTaken;
  CallbackStarted: CallbackStarted;
  CallbackClotured: CallbackClotured;
  CallbackReleased: CallbackReleased;
  CallbackRequestUpdated: CallbackRequestUpdated;
  LoggedOn: LoggedOn;
  RightProfile: RightProfile;
  UserConfigUpdate: UserConfigUpdate;
  UserStatusUpdate: UserStatusUpdate;
  LinkStatus: LinkStatus;
  Error: ErrorMessage;
  CommandResult: CommandResult;
  LineConfig: LineConfig;
  PhoneStatusUpdate: PhoneStatusUpdate;
  PhoneHintStatusEvent: PhoneHintStatusEvent;
  PhoneEvent: PhoneEvent;
  CurrentCallsPhoneEvents: CurrentCallsPhoneEvents;
  QueueMember: QueueMember;
  QueueConfig: QueueConfig;
  QueueStatistics: QueueStatistics;
  GetQueueStatistics: GetQueueStatistics;
  QueueCalls: QueueCalls;
  UserQueueDefaultMembership: UserQueueDefaultMembership;
  UsersQueueDefaultMembership: UsersQueueDefaultMembership;
}

/** Every command; see docs/protocol.md. */
export interface Commands {
  /** Logs an agent in on a line, which it takes over from whoever holds it. */
  loginAgent(values: { phoneNumber: string; agentId?: number | null }): Promise<void>;
  /** Logs an agent out. */
  logoutAgent(values?: { agentId?: number | null }): Promise<void>;
  /** Pauses an agent in all its queues; `reason` is free. */
  pauseAgent(values?: { agentId?: number | null; reason?: string | null }): Promise<void>;
  /** Makes an agent ready. */
  unpauseAgent(values?: { agentId?: number | null }): Promise<void>;
  /** Rings the user's phone and lets it hear an agent's call. */
  listenAgent(values?: { agentId?: number | null }): Promise<void>;
  /** Puts an agent into a queue, or changes its penalty there. */
  setAgentQueue(values: { agentId?: number | null; queueId: number; penalty: number }): Promise<void>;
  /** Takes an agent out of a queue. */
  removeAgentFromQueue(values: { agentId?: number | null; queueId: number }): Promise<void>;
  /** Pauses the recording of an agent's call. */
  monitorPause(values?: { agentId?: number | null }): Promise<void>;
  /** Goes on with the recording of an agent's call. */
  monitorUnpause(values?: { agentId?: number | null }): Promise<void>;
  /** Every visible agent's `AgentStatistics`, now and from now on. */
  subscribeToAgentStats(): Promise<void>;
  /** Every visible agent's `AgentStateEvent`, from now on. */
  subscribeToAgentEvents(): Promise<void>;
  /** One `AgentStateEvent` for each visible agent, now. */
  getAgentStates(): Promise<void>;
  /** All visible agents, each with its state. */
  getAgentDirectory(): Promise<AgentDirectory>;
  /** A list, and from now on what changes in it. */
  getList(values: { objectType: "agent" }): Promise<AgentList>;
  getList(values: { objectType: "agentgroup" }): Promise<AgentGroupList>;
  getList(values: { objectType: "queue" }): Promise<QueueList>;
  getList(values: { objectType: "queuemember" }): Promise<QueueMemberList>;
  getList(values: { objectType: "basequeuemember" }): Promise<UsersQueueDefaultMembership>;
  /** A list as it is now, or the user's own line. */
  getConfig(values: { objectType: "agent" }): Promise<AgentList>;
  getConfig(values: { objectType: "agentgroup" }): Promise<AgentGroupList>;
  getConfig(values: { objectType: "queue" }): Promise<QueueList>;
  getConfig(values: { objectType: "queuemember" }): Promise<QueueMemberList>;
  getConfig(values: { objectType: "basequeuemember" }): Promise<UsersQueueDefaultMembership>;
  getConfig(values: { objectType: "line" }): Promise<LineConfig>;
  /** Moves an agent to another group. */
  setAgentGroup(values: { agentId?: number | null; groupId: number }): Promise<void>;
  /** Moves a group's agents of one penalty from a queue to another. */
  moveAgentsInGroup(values: { groupId: number; fromQueueId: number; fromPenalty: number; toQueueId: number; toPenalty: number }): Promise<void>;
  /** Puts a group's agents of one penalty in a queue into another as well. */
  addAgentsInGroup(values: { groupId: number; fromQueueId: number; fromPenalty: number; toQueueId: number; toPenalty: number }): Promise<void>;
  /** Takes a group's agents of one penalty out of a queue. */
  removeAgentGroupFromQueueGroup(values: { groupId: number; queueId: number; penalty: number }): Promise<void>;
  /** Puts a group's agents that are not in a queue into it. */
  addAgentsNotInQueueFromGroupTo(values: { groupId: number; queueId: number; penalty: number }): Promise<void>;
  /** Every visible queue's `QueueStatistics`, now and from now on. */
  subscribeToQueueStats(): Promise<void>;
  /** A queue's figures of the last `window` seconds, `xqos` in place of 15. */
  getQueueStatistics(values: { queueId: number; window: number; xqos: number }): Promise<GetQueueStatistics>;
  /** Who waits in a queue, now and from now on. */
  subscribeToQueueCalls(values: { queueId: number }): Promise<QueueCalls>;
  /** No more of who waits in a queue. */
  unSubscribeToQueueCalls(values: { queueId: number }): Promise<void>;
  /** The queues that a user's agent is in when nothing else is said. */
  getUserDefaultMembership(values: { userId: number }): Promise<UserQueueDefaultMembership>;
  /** Sets those of one user. */
  setUserDefaultMembership(values: { userId: number; membership: Place[] }): Promise<void>;
  /** Sets those of many users at once. */
  setUsersDefaultMembership(values: { userIds: number[]; membership: Place[] }): Promise<void>;
  /** Makes agents' queues exactly their default ones. */
  applyUsersDefaultMembership(values: { userIds: number[] }): Promise<void>;
  /** Chooses a status out of `UsersStatuses`, with what it does. */
  userStatusUpdate(values: { status: string }): Promise<void>;
  /** What these phones do, now and from now on. */
  subscribeToPhoneHints(values: { phoneNumbers: string[] }): Promise<void>;
  /** No more of what any phone does. */
  unsubscribeFromAllPhoneHints(): Promise<void>;
  /** The calls that the user's phone has now. */
  getCurrentCallsPhoneEvents(): Promise<CurrentCallsPhoneEvents>;
  /** Rings the user's phone and then dials. */
  dial(values: { destination: string; variables?: Record<string, string | number | boolean | null> | null }): Promise<void>;
  /** Dials on behalf of a queue: a free agent of it is rung first. */
  dialFromQueue(values: { destination: string; queueId: number; callerId?: string | null; callerIdName?: string | null; callerIdNumber?: string | null; variables?: Record<string, string | number | boolean | null> | null }): Promise<void>;
  /** Hangs up the user's call, or the one that is named. */
  hangup(values?: { uniqueId?: string | null }): Promise<void>;
  /** Answers the user's call, where the phone can be told to. */
  answer(values?: { uniqueId?: string | null }): Promise<void>;
  /** Hands the user's call on. */
  directTransfer(values: { destination: string }): Promise<void>;
  /** All visible lists of callbacks, and from now on what becomes of them. */
  getCallbackLists(): Promise<CallbackLists>;
  /** The times of day that a callback can be wanted at. */
  getCallbackPreferredPeriods(): Promise<PreferredCallbackPeriodList>;
  /** Searches callbacks, those that are closed included. */
  findCallbackRequest(values: { request: CallbackSearch }): Promise<FindCallbackResponseWithId>;
  /** Takes a callback for the user's agent. */
  takeCallback(values: { uuid: string }): Promise<void>;
  /** Gives a callback back. */
  releaseCallback(values: { uuid: string }): Promise<void>;
  /** Rings the user's phone, then dials whoever wants to be called. */
  startCallback(values: { uuid: string; number: string }): Promise<CallbackStarted>;
  /** Says what came of a callback: it is closed, or wanted again. */
  updateCallbackTicket(values: { uuid: string; status: "Answered" | "Callback" | "Email" | "Fax" | "NoAnswer"; comment?: string | null; dueDate?: string | null; periodUuid?: string | null }): Promise<void>;
  /** Rings the user's phone and plays a caller's message. */
  listenCallbackMessage(values: { voiceMessageRef: string }): Promise<void>;
}
