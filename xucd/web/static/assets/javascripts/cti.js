/* xucd's library for web pages: the global Cti, compatible with pages written for XiVO's CTI library.
 * A classic script: load it in any order with callback.js, membership.js, shotgun.js and jQuery; it
 * needs none of them.
 *
 *   Cti.setHandler(Cti.MessageType.AGENTSTATEEVENT, function (state) { … });
 *   Cti.WebSocket.init("wss://HOST/xuc/api/2.0/cti?token=TOKEN", "bruce", "1001");
 *   Cti.loginAgent("1001", 8);
 *
 * A page may replace Cti.sendCallback, Cti.receive and Cti.Topic: each is looked up at every use. The
 * library never reconnects by itself: it publishes that the link is closed (LinkStatusUpdate), and
 * the page calls init again. Of an address with several hosts, "wss://HOST,HOST:PORT/xuc/…", it goes
 * to the next one first.
 *
 * It is one long file, since pages load this one name and expect all of Cti in it.
 */
/* exported Cti */
var Cti = (function () {
  "use strict";

  const PING = { claz: "ping" };
  const PING_EVERY = 4500; // ms; so a page is at another address within 20 s of silence
  const PINGS_UNANSWERED = 3;

  /** @typedef {(...values: any[]) => any} Handler What a page calls, or is called by. */
  /** @typedef {{action: Handler, key?: unknown}} Listener */
  /** @typedef {Record<string, any> & {claz: string}} Frame */
  /** @typedef {WebSocket & {sendCallback: (message: object) => void}} Socket */

  /** The methods: the command on the wire, then the names of its arguments there, in order.
   * @type {Record<string, string[]>}
   */
  const COMMANDS = {
    loginAgent: ["agentLogin", "agentphonenumber", "agentid"],
    logoutAgent: ["agentLogout", "agentid"],
    pauseAgent: ["pauseAgent", "agentid", "reason"],
    unpauseAgent: ["unpauseAgent", "agentid"],
    listenAgent: ["listenAgent", "agentid"],
    setAgentQueue: ["setAgentQueue", "agentId", "queueId", "penalty"],
    removeAgentFromQueue: ["removeAgentFromQueue", "agentId", "queueId"],
    setAgentGroup: ["setAgentGroup", "agentId", "groupId"],
    moveAgentsInGroup: [
      "moveAgentsInGroup", "groupId", "fromQueueId", "fromPenalty", "toQueueId", "toPenalty",
    ],
    addAgentsInGroup: [
      "addAgentsInGroup", "groupId", "fromQueueId", "fromPenalty", "toQueueId", "toPenalty",
    ],
    removeAgentGroupFromQueueGroup: [
      "removeAgentGroupFromQueueGroup", "groupId", "queueId", "penalty",
    ],
    addAgentsNotInQueueFromGroupTo: [
      "addAgentsNotInQueueFromGroupTo", "groupId", "queueId", "penalty",
    ],
    monitorPause: ["monitorPause", "agentid"],
    monitorUnpause: ["monitorUnpause", "agentid"],
    subscribeToAgentStats: ["subscribeToAgentStats"],
    subscribeToAgentEvents: ["subscribeToAgentEvents"],
    getAgentStates: ["getAgentStates"],
    getAgentDirectory: ["getAgentDirectory"],
    getList: ["getList", "objectType"],
    getConfig: ["getConfig", "objectType"],
    subscribeToQueueStats: ["subscribeToQueueStats"],
    getQueueStatistics: ["getQueueStatistics", "queueId", "window", "xqos"],
    subscribeToQueueCalls: ["subscribeToQueueCalls", "queueId"],
    unSubscribeToQueueCalls: ["unSubscribeToQueueCalls", "queueId"],
    changeUserStatus: ["userStatusUpdate", "status"],
    subscribeToPhoneHints: ["subscribeToPhoneHints", "phoneNumbers"],
    unsubscribeFromAllPhoneHints: ["unsubscribeFromAllPhoneHints"],
    getCurrentCallsPhoneEvents: ["getCurrentCallsPhoneEvents"],
    dial: ["dial", "destination", "variables"],
    hangup: ["hangup", "uniqueId"],
    answer: ["answer", "uniqueId"],
    directTransfer: ["directTransfer", "destination", "uniqueId"],

    // xucd answers these with Error for now.
    hold: ["hold", "uniqueId"],
    attendedTransfer: ["attendedTransfer", "destination", "device"],
    completeTransfer: ["completeTransfer"],
    cancelTransfer: ["cancelTransfer"],
    conference: ["conference"],
    toggleMicrophone: ["toggleMicrophone", "uniqueId"],
    sendDtmf: ["sendDtmf", "key"],
    originate: ["originate", "destination"],
    dialFromMobile: ["dialFromMobile", "destination", "variables"],
    dialByUsername: ["dialByUsername", "username", "variables"],
    displayNameLookup: ["displayNameLookup", "username"],
    retrieveQueueCall: ["retrieveQueueCall", "queueCall"],
    setData: ["setData", "variables"],
    dnd: ["dnd", "state"],
    naFwd: ["naFwd", "destination", "state"],
    uncFwd: ["uncFwd", "destination", "state"],
    busyFwd: ["busyFwd", "destination", "state"],
    directoryLookUp: ["directoryLookUp", "term"],
    searchContacts: ["searchContacts", "term"],
    getFavorites: ["getFavorites"],
    getFavoriteContacts: ["getFavoriteContacts"],
    addFavorite: ["addFavorite", "contactId", "source"],
    removeFavorite: ["removeFavorite", "contactId", "source"],
    getAgentCallHistory: ["getAgentCallHistory", "size"],
    getUserCallHistory: ["getUserCallHistory", "size"],
    getUserCallHistoryByDays: ["getUserCallHistoryByDays", "days"],
    getQueueCallHistory: ["getQueueCallHistory", "queue", "size"],
    getIceConfig: ["getIceConfig"],
    setUserPreference: ["setUserPreference", "key", "value", "value_type"],
    toggleUniqueAccountDevice: ["toggleUniqueAccountDevice", "deviceType"],
    pushLogToServer: ["pushLogToServer", "level", "log"],
  };

  const MESSAGES = [
    "Error", "LoggedOn", "RightProfile", "UserStatusUpdate", "UserConfigUpdate",
    "PhoneStatusUpdate", "PhoneHintStatusEvent", "PhoneEvent", "CurrentCallsPhoneEvents",
    "LineConfig", "Sheet", "AgentConfig", "AgentDirectory", "AgentError", "AgentGroupList",
    "AgentList", "AgentListen", "AgentStateEvent", "AgentStatistics", "QueueConfig", "QueueList",
    "QueueMember", "QueueMemberList", "QueueStatistics", "GetQueueStatistics", "QueueCalls",
    "LinkStatusUpdate", "LinkStatus", "CommandResult",
    // Never sent by xucd for now.
    "AuthenticationToken", "CallHistory", "CallHistoryByDays", "ConferenceCommandError",
    "ConferenceEvent", "ConferenceParticipantEvent", "ContactSheet", "CtiStatuses",
    "DialByUsername", "DirectoryResult", "FavoriteContactSheet", "Favorites", "FavoriteUpdated",
    "FlashTextEvent", "IceConfig", "MeetingRoomInvite", "RichCallHistory", "UserDisplayName",
    "UserPreference", "VoiceMailStatusUpdate", "WebRTCCmd",
  ];

  /** @type {Record<string, string>} */
  const MessageType = Object.fromEntries(MESSAGES.map((type) => [type.toUpperCase(), type]));
  // Constants that differ from the message's name.
  Object.assign(MessageType, {
    USERSTATUSES: "UsersStatuses",
    CONFERENCES: "ConferenceList",
    CUSTOMERCALLHISTORY: "CustomerCallHistoryResponseWithId",
    MEETINGROOMACK: "MeetingRoomInviteAck",
    MEETINGROOMRESPONSE: "MeetingRoomInviteResponse",
    VIDEOEVENT: "VideoStatusEvent",
  });

  const Cti = {
    debugMsg: false,
    debugHandler: false,
    MessageType,

    /** @type {string | undefined} */
    username: undefined,
    /** @type {string | number | undefined} */
    agentNumber: undefined,
    /** @type {Socket | undefined} */
    webSocket: undefined,

    PhoneStatus: {
      AVAILABLE: 0,
      CALLING: 1,
      BUSY: 2,
      INDISPONIBLE: 4,
      RINGING: 8,
      BUSY_AND_RINGING: 9,
      ONHOLD: 16,
      DEACTIVATED: -1,
      UNEXISTING: -2,
      ERROR: -99,
    },

    PhoneStatusColors: {
      0: "#2E8B57",
      1: "#D98200",
      2: "#C0392B",
      4: "#B0B7BF",
      8: "#2F6FDE",
      9: "#8E44AD",
      16: "#B7950B",
      "-1": "#B0B7BF",
      "-2": "#B0B7BF",
      "-99": "#B0B7BF",
    },

    /** Sends through a socket from now on; Cti.WebSocket.init calls it.
     * @param {string} username
     * @param {string | number} agentNumber
     * @param {Socket} webSocket
     */
    init(username, agentNumber, webSocket) {
      Cti.username = username;
      Cti.agentNumber = agentNumber;
      Cti.webSocket = webSocket;
      Cti.sendCallback = webSocket.sendCallback;
    },

    close() {
      if (Cti.webSocket) {
        Cti.webSocket.close();
      }
    },

    /** @param {object} message */
    sendCallback(message) {
      console.warn("Cti: not connected, so this was not sent:", message);
    },

    sendPing() {
      Cti.sendCallback(Cti.WebsocketMessageFactory.createPing());
    },

    /** Publishes a frame that the socket received.
     * @param {{data: string}} event
     */
    receive(event) {
      let message = null;
      try {
        message = JSON.parse(event.data);
      } catch {
        // Reported below, like JSON that is not an object.
      }
      if (message === null || typeof message !== "object") {
        throw new TypeError("Cti: the received frame is not a JSON object");
      }
      if (Cti.debugMsg) {
        console.log("Cti received", event.data);
      }
      if (message.msgType) {
        Cti.Topic(message.msgType).publish(message.ctiMessage);
      }
    },

    /**
     * @param {string} type
     * @param {Handler} handler
     */
    setHandler(type, handler) {
      Cti.Topic(type).unsubscribe(handler);
      Cti.Topic(type).subscribe(handler);
      if (Cti.debugHandler) {
        console.log("Cti: handler set for", type);
      }
    },

    /**
     * @param {string} type
     * @param {Handler} handler
     */
    unsetHandler(type, handler) {
      Cti.Topic(type).unsubscribe(handler);
      if (Cti.debugHandler) {
        console.log("Cti: handler removed from", type);
      }
    },

    clearHandlers() {
      Cti.Topic().clear();
    },

    /** The handlers of one type of message; without a type, `clear` is for all types.
     * @param {string} [type]
     */
    Topic(type) {
      const event = `cti/${type}`;
      const topic = {
        /** @param {...unknown} values */
        publish(...values) {
          const queued = publishing.get(event);
          if (queued) {
            // A handler publishes: all handlers get the first message before the next one.
            queued.push(values);
            return topic;
          }
          const due = [values];
          publishing.set(event, due);
          for (let next = due.shift(); next; next = due.shift()) {
            callAll(event, topic, next);
          }
          publishing.delete(event);
          return topic;
        },
        /** @param {...(Handler | Handler[])} handlers */
        subscribe(...handlers) {
          if (type && !listeners.has(event)) {
            listeners.set(event, new Set());
          }
          for (const action of functionsOf(handlers)) {
            listeners.get(event)?.add({ action });
          }
          return topic;
        },
        /** @param {...(Handler | Handler[])} handlers */
        unsubscribe(...handlers) {
          const gone = functionsOf(handlers);
          const entries = listeners.get(event) || new Set();
          for (const entry of entries) {
            if (gone.includes(entry.action)) {
              entries.delete(entry);
            }
          }
          return topic;
        },
        clear() {
          for (const [name, entries] of listeners) {
            if (type ? name === event : name.startsWith("cti/")) {
              entries.clear();
            }
          }
          return topic;
        },
      };
      return topic;
    },

    WebSocket: {
      /** Opens the link; the username and the phone number are only stored. With several hosts in
       * the address, it takes the place of the link before it.
       * @param {string} wsurl
       * @param {string} username
       * @param {string | number} phoneNumber
       * @param {new (url: string) => any} [WebSocketClass]
       */
      init(wsurl, username, phoneNumber, WebSocketClass) {
        const addresses = addressesOf(wsurl);
        const others = addresses.length - 1;
        if (others > 0) {
          Cti.close();
        }
        /** @type {Way} */
        const way = { others, untried: others, published: "", open };
        function open() {
          const socket = new (WebSocketClass || WebSocket)(addresses[losses % addresses.length]);
          setUp(socket, way);
          Cti.init(username, phoneNumber, socket);
        }
        open();
      },
    },

    WebsocketMessageFactory: {
      messageClaz: "web",
      pingClaz: "ping",
      /** @type {(command: string) => Frame} */
      createMessage: (command) => ({ claz: "web", command }),
      /** @type {(command: string, values: object) => Frame} */
      createMessageFromArgs: (command, values) => ({ claz: "web", command, ...values }),
      createPing: () => ({ ...PING }),
    },
  };

  /** The listeners of each event. SHOTGUN shares them, whichever script comes first, so that
   * SHOTGUN.listen("cti/AgentStateEvent", …) and Cti.setHandler do the same.
   * @type {Map<string, Set<Listener>>}
   */
  const listeners = Reflect.get(globalThis, Symbol.for("xucd.listeners")) || new Map();
  Reflect.set(globalThis, Symbol.for("xucd.listeners"), listeners);

  /** What is still to be published, by event, while handlers are called.
   * @type {Map<string, unknown[][]>}
   */
  const publishing = new Map();

  /**
   * @param {string} event
   * @param {object} topic
   * @param {unknown[]} values
   */
  function callAll(event, topic, values) {
    // Iterating over a Set skips handlers removed meanwhile and reaches those that were added.
    for (const { action } of listeners.get(event) || []) {
      try {
        action.apply(topic, values);
      } catch (error) {
        console.error(`Cti: a handler of ${event.slice("cti/".length)} failed:`, error);
      }
    }
  }

  /**
   * @param {unknown[]} handlers
   * @returns {Handler[]}
   */
  function functionsOf(handlers) {
    /** @type {any[]} */
    const flat = handlers.flat(Infinity);
    return flat.filter((handler) => typeof handler === "function");
  }

  /** How many links of several addresses were lost: by each, another address comes first. */
  let losses = 0;

  /** The addresses that one with several hosts stands for.
   * @param {string} wsurl
   */
  function addressesOf(wsurl) {
    const [, scheme, hosts, rest] = /^(\w+:\/\/)([^/?#]*)(.*)$/.exec(wsurl) || ["", "", "", wsurl];
    return hosts.split(",").map((host) => scheme + host.trim() + rest);
  }

  /** What the links of one init share: how many other addresses there are, how many of these are
   * untried, what the page was told last, and what opens a link to the next address.
   * @typedef {{others: number, untried: number, published: string, open: () => void}} Way
   */

  /** Sets the handlers of a socket. They are properties, since pages may bring their own kind of
   * socket, and a socket may open again after it closed.
   * @param {Socket} socket
   * @param {Way} way
   */
  function setUp(socket, way) {
    /** @type {ReturnType<typeof setInterval> | undefined} */
    let beat;
    let unanswered = 0;
    let dropped = false;
    let leaving = false; // the page itself closes the link

    const replaced = () => way.others > 0 && Cti.webSocket !== socket;

    /** @param {"opened" | "closed"} status */
    function publish(status) {
      if (status !== way.published && !replaced()) {
        way.published = status;
        Cti.Topic(MessageType.LINKSTATUSUPDATE).publish({ status });
      }
    }

    function stop() {
      clearInterval(beat);
      beat = undefined;
    }

    /** Closes a dead link, without waiting for its closing handshake, which can take minutes.
     * @param {string} why
     */
    function drop(why) {
      console.warn(`Cti: the link is dropped: ${why}`);
      dropped = true;
      socket.close();
      leaving = false;
      lose();
    }

    /** Goes to the next address, if there is one; the page is told if it had a link, or gets none. */
    function lose() {
      stop();
      if (way.others > 0 && !leaving) {
        losses += 1;
      }
      const goesOn = way.untried > 0 && !leaving;
      if (way.published === "opened" || !goesOn) {
        publish("closed");
      }
      if (goesOn && !replaced()) {
        way.untried -= 1;
        way.open();
      }
    }

    function pulse() {
      if (unanswered >= PINGS_UNANSWERED) {
        drop("nothing was received for too long");
        return;
      }
      unanswered += 1;
      try {
        socket.send(JSON.stringify(PING));
      } catch (error) {
        drop(String(error));
      }
    }

    socket.onopen = () => {
      dropped = false;
      unanswered = 0;
      way.untried = way.others;
      stop();
      beat = setInterval(pulse, PING_EVERY);
      publish("opened");
    };
    socket.onclose = () => {
      if (!dropped) {
        lose();
      }
    };
    socket.onerror = () => console.warn("Cti: the link failed");
    socket.onmessage = (event) => {
      unanswered = 0;
      if (!dropped) {
        Cti.receive(event);
      }
    };
    socket.sendCallback = (message) => {
      const frame = JSON.stringify(message);
      if (Cti.debugMsg) {
        console.log("Cti sends", frame);
      }
      socket.send(frame);
    };
    if (way.others > 0) {
      const close = socket.close.bind(socket);
      socket.close = (code, reason) => {
        leaving = true;
        close(code, reason);
      };
    }
    if (way.untried > 0) {
      beat = setInterval(() => drop("it did not open in time"), PING_EVERY);
    }
  }

  /** @typedef {(...values: any[]) => Frame} Creator */

  const factory = Cti.WebsocketMessageFactory;
  const creators = /** @type {typeof factory & Record<string, any>} */ (factory);
  const methods = /** @type {typeof Cti & Record<string, Handler>} */ (Cti);

  /** Defines a method, and the factory's function that creates its frame.
   * @param {string} method
   * @param {string} command
   * @param {Creator} create
   */
  function define(method, command, create) {
    const creator = `create${command[0].toUpperCase()}${command.slice(1)}`;
    creators[`${command}Cmd`] = command;
    creators[creator] = create;
    methods[method] = (...values) => Cti.sendCallback(creators[creator](...values));
  }

  for (const [method, [command, ...names]] of Object.entries(COMMANDS)) {
    define(method, command, (...values) => {
      const message = factory.createMessage(command);
      names.forEach((name, at) => {
        // Pages pass "" for the current call.
        const none = name === "uniqueId" ? !values[at] : values[at] === undefined;
        if (!none) {
          message[name] = values[at];
        }
      });
      return message;
    });
  }

  // Either (destination, queueId, callerId, variables) or
  // (destination, queueId, callerIdName, callerIdNumber, variables).
  define("dialFromQueue", "dialFromQueue", (destination, queueId, caller, fourth, fifth) => {
    const short = (fourth === undefined || typeof fourth === "object") && fifth == null;
    const callerId = short
      ? { callerId: caller, variables: fourth }
      : { callerIdName: caller, callerIdNumber: fourth, variables: fifth };
    const decimal = typeof queueId === "string" && /^\s*\d+\s*$/.test(queueId);
    return withoutEmpty({
      ...factory.createMessage("dialFromQueue"),
      destination,
      queueId: decimal ? Number(queueId) : queueId,
      ...callerId,
    });
  });

  define("findCustomerCallHistory", "findCustomerCallHistory", (id, filters, size) =>
    factory.createMessageFromArgs("findCustomerCallHistory", { id, request: { filters, size } }),
  );

  methods.getConferenceRooms = () => methods.getList("meetme");

  /** A frame without its null and undefined fields.
   * @param {Frame} message
   * @returns {Frame}
   */
  function withoutEmpty({ claz, ...values }) {
    const given = Object.entries(values).filter(([, value]) => value != null);
    return { claz, ...Object.fromEntries(given) };
  }

  return methods;
})();
