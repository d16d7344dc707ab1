/* xucd's library for web pages: the global Cti, with the names that pages written for XiVO's CTI
 * library know. A classic script: load it in any order with callback.js, membership.js, shotgun.js
 * and jQuery, of which it needs none.
 *
 *   Cti.setHandler(Cti.MessageType.AGENTSTATEEVENT, function (state) { … });
 *   Cti.WebSocket.init("wss://HOST/xuc/api/2.0/cti?token=TOKEN", "bruce", "1001");
 *   Cti.loginAgent("1001", 8);
 *
 * A page may put functions of its own in the place of Cti.sendCallback, Cti.receive and Cti.Topic:
 * each is looked up whenever it is used. The library never reconnects by itself: it says that the
 * link is closed (LinkStatusUpdate), and the page calls init again.
 *
 * It is one file, and a long one, since pages load this one name and get all of Cti by it.
 */
var Cti = (function () {
  "use strict";

  const PING = { claz: "ping" };
  const PING_EVERY = 5000; // ms
  const PINGS_UNANSWERED = 3;

  // The methods: command on the wire, then what its arguments are called there, in their order.
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
    directTransfer: ["directTransfer", "destination"],

    // xucd answers these by Error for now; a page that calls them goes on.
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

  const MessageType = Object.fromEntries(MESSAGES.map((type) => [type.toUpperCase(), type]));
  // Those whose constant is not simply the message's name.
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

    /* What init calls once it has a socket: from now on messages go through it. */
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

    sendCallback(message) {
      console.warn("Cti: not connected, so this was not sent:", message);
    },

    sendPing() {
      Cti.sendCallback(Cti.WebsocketMessageFactory.createPing());
    },

    /* Takes a frame off the wire (what the socket's message event has as its data). */
    receive(event) {
      let message = null;
      try {
        message = JSON.parse(event.data);
      } catch {
        // Told below, like JSON that is no object.
      }
      if (message === null || typeof message !== "object") {
        throw new TypeError("Cti: what was received is no message");
      }
      if (Cti.debugMsg) {
        console.log("Cti received", event.data);
      }
      if (message.msgType) {
        Cti.Topic(message.msgType).publish(message.ctiMessage);
      }
    },

    setHandler(type, handler) {
      Cti.Topic(type).unsubscribe(handler);
      Cti.Topic(type).subscribe(handler);
      if (Cti.debugHandler) {
        console.log("Cti: handler set for", type);
      }
    },

    unsetHandler(type, handler) {
      Cti.Topic(type).unsubscribe(handler);
      if (Cti.debugHandler) {
        console.log("Cti: handler taken away from", type);
      }
    },

    clearHandlers() {
      Cti.Topic().clear();
    },

    /* Whoever wants to hear of one type of message; without a type, clear is for all types. */
    Topic(type) {
      const event = `cti/${type}`;
      const topic = {
        publish(...values) {
          if (publishing.has(event)) {
            // A handler publishes: all hear the first message before anybody hears the next.
            publishing.get(event).push(values);
            return topic;
          }
          const due = [values];
          publishing.set(event, due);
          while (due.length) {
            tellAll(event, topic, due.shift());
          }
          publishing.delete(event);
          return topic;
        },
        subscribe(...handlers) {
          if (type && !listeners.has(event)) {
            listeners.set(event, new Set());
          }
          for (const action of functionsOf(handlers)) {
            listeners.get(event)?.add({ action });
          }
          return topic;
        },
        unsubscribe(...handlers) {
          const gone = functionsOf(handlers);
          const here = listeners.get(event) || new Set();
          for (const entry of here) {
            if (gone.includes(entry.action)) {
              here.delete(entry);
            }
          }
          return topic;
        },
        clear() {
          for (const [name, here] of listeners) {
            if (type ? name === event : name.startsWith("cti/")) {
              here.clear();
            }
          }
          return topic;
        },
      };
      return topic;
    },

    WebSocket: {
      /* Opens the link; the username and the phone number are only kept. */
      init(wsurl, username, phoneNumber, WebSocketClass) {
        const socket = new (WebSocketClass || WebSocket)(wsurl);
        attend(socket);
        Cti.init(username, phoneNumber, socket);
      },
    },

    WebsocketMessageFactory: {
      messageClaz: "web",
      pingClaz: "ping",
      createMessage: (command) => ({ claz: "web", command }),
      createMessageFromArgs: (command, values) => ({ claz: "web", command, ...values }),
      createPing: () => ({ ...PING }),
    },
  };

  // SHOTGUN's listeners are kept in the same place, whichever script comes first, so that
  // SHOTGUN.listen("cti/AgentStateEvent", …) and Cti.setHandler are two ways to the same thing.
  const shared = Symbol.for("xucd.listeners");
  const listeners = (globalThis[shared] = globalThis[shared] || new Map());

  const publishing = new Map(); // event -> what is still to be told, while that is under way

  function tellAll(event, topic, values) {
    // A Set's own walk passes over who left meanwhile and reaches who came.
    for (const { action } of listeners.get(event) || []) {
      try {
        action.apply(topic, values);
      } catch (error) {
        console.error(`Cti: a handler of ${event.slice("cti/".length)} failed:`, error);
      }
    }
  }

  function functionsOf(handlers) {
    return handlers.flat(Infinity).filter((handler) => typeof handler === "function");
  }

  /* Makes a socket one of ours. Its handlers are properties, since pages bring sockets of their
   * own making, and a socket may open again after it closed. */
  function attend(socket) {
    let beat = null;
    let unanswered = 0;
    let told = "";
    let dropped = false;

    function tell(status) {
      if (status !== told) {
        told = status;
        Cti.Topic(MessageType.LINKSTATUSUPDATE).publish({ status });
      }
    }

    function stop() {
      clearInterval(beat);
      beat = null;
    }

    // The closing handshake of a dead link can take minutes: nobody waits for it.
    function drop(why) {
      console.warn(`Cti: the link is dropped: ${why}`);
      dropped = true;
      stop();
      socket.close();
      tell("closed");
    }

    function pulse() {
      if (unanswered >= PINGS_UNANSWERED) {
        drop("nothing was heard for too long");
        return;
      }
      unanswered += 1;
      try {
        socket.send(JSON.stringify(PING));
      } catch (error) {
        drop(error.message);
      }
    }

    socket.onopen = () => {
      dropped = false;
      unanswered = 0;
      stop();
      beat = setInterval(pulse, PING_EVERY);
      tell("opened");
    };
    socket.onclose = () => {
      stop();
      tell("closed");
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
  }

  const factory = Cti.WebsocketMessageFactory;

  function define(method, command, create) {
    const creator = `create${command[0].toUpperCase()}${command.slice(1)}`;
    factory[`${command}Cmd`] = command;
    factory[creator] = create;
    Cti[method] = (...values) => Cti.sendCallback(factory[creator](...values));
  }

  for (const [method, [command, ...names]] of Object.entries(COMMANDS)) {
    define(method, command, (...values) => {
      const message = factory.createMessage(command);
      names.forEach((name, at) => {
        // Pages pass "" for the call that is there.
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

  Cti.getConferenceRooms = () => Cti.getList("meetme");

  function withoutEmpty(message) {
    return Object.fromEntries(Object.entries(message).filter(([, value]) => value != null));
  }

  return Cti;
})();
