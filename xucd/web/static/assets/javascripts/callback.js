/* xucd's library for web pages: the global Callback, for the people who are to be called back.
 *
 *   Callback.init(Cti);
 *   Cti.setHandler(Callback.MessageType.CALLBACKLISTS, function (lists) { … });
 *   Callback.getCallbackLists();
 */
var Callback = (function () {
  "use strict";

  // The methods, by what they are called on the wire; then their arguments there.
  const COMMANDS = {
    getCallbackLists: [],
    getCallbackPreferredPeriods: [],
    takeCallback: ["uuid"],
    releaseCallback: ["uuid"],
    startCallback: ["uuid", "number"],
    updateCallbackTicket: ["uuid", "status", "comment", "dueDate", "periodUuid"],
    listenCallbackMessage: ["voiceMessageRef"],
  };

  let given = null;

  const Callback = {
    MessageType: {
      CALLBACKLISTS: "CallbackLists",
      CALLBACKPREFERREDPERIODS: "PreferredCallbackPeriodList",
      CALLBACKFINDRESPONSE: "FindCallbackResponseWithId",
      CALLBACKTAKEN: "CallbackTaken",
      CALLBACKRELEASED: "CallbackReleased",
      CALLBACKSTARTED: "CallbackStarted",
      CALLBACKCLOTURED: "CallbackClotured",
      CALLBACKREQUESTUPDATED: "CallbackRequestUpdated",
    },

    MessageFactory: {
      createMessage: (command) => ({ claz: "web", command }),
    },

    /* Says which Cti to send through; without it, it is the page's. */
    init(cti) {
      given = cti;
    },

    sendCallback(message) {
      const cti = given || globalThis.Cti;
      if (!cti) {
        console.error("Callback: there is no Cti to send through");
        return;
      }
      // Looked up now: it is another one after each connection.
      cti.sendCallback(message);
    },
  };
  const factory = Callback.MessageFactory;

  function define(command, create) {
    const creator = `create${command[0].toUpperCase()}${command.slice(1)}`;
    factory[creator] = create;
    Callback[command] = (...values) => Callback.sendCallback(factory[creator](...values));
  }

  for (const [command, names] of Object.entries(COMMANDS)) {
    define(command, (...values) => {
      const message = factory.createMessage(command);
      names.forEach((name, at) => {
        if (values[at] !== undefined) {
          message[name] = values[at];
        }
      });
      return message;
    });
  }

  define("findCallbackRequest", (id, filters, offset, limit) => ({
    ...factory.createMessage("findCallbackRequest"),
    id,
    request: { filters, offset, limit },
  }));

  return Callback;
})();
