/* xucd's library for web pages: the global Callback, for callbacks.
 *
 *   Callback.init(Cti);
 *   Cti.setHandler(Callback.MessageType.CALLBACKLISTS, function (lists) { … });
 *   Callback.getCallbackLists();
 */
/* exported Callback */
var Callback = (function () {
  "use strict";

  /** The methods, by the name of the command; then the names of its arguments.
   * @type {Record<string, string[]>}
   */
  const COMMANDS = {
    getCallbackLists: [],
    getCallbackPreferredPeriods: [],
    takeCallback: ["uuid"],
    releaseCallback: ["uuid"],
    startCallback: ["uuid", "number"],
    updateCallbackTicket: ["uuid", "status", "comment", "dueDate", "periodUuid"],
    listenCallbackMessage: ["voiceMessageRef"],
  };

  /** @typedef {{sendCallback: (message: object) => void}} Sender */
  /** @typedef {Record<string, unknown>} Frame */

  /** @type {Sender | null} */
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
      /** @type {(command: string) => Frame} */
      createMessage: (command) => ({ claz: "web", command }),
    },

    /** Sets the Cti to send through, instead of the page's global one.
     * @param {Sender} cti
     */
    init(cti) {
      given = cti;
    },

    /** @param {object} message */
    sendCallback(message) {
      const cti = given || Reflect.get(globalThis, "Cti");
      if (!cti) {
        console.error("Callback: there is no Cti to send through");
        return;
      }
      // Looked up now, since it changes with each connection.
      cti.sendCallback(message);
    },
  };
  const factory = Callback.MessageFactory;
  const creators =
    /** @type {typeof factory & Record<string, (...values: any[]) => Frame>} */ (factory);
  const methods = /** @type {typeof Callback & Record<string, (...values: any[]) => void>} */ (Callback);

  /** Defines a method, and the factory's function that creates its frame.
   * @param {string} command
   * @param {(...values: any[]) => Frame} create
   */
  function define(command, create) {
    const creator = `create${command[0].toUpperCase()}${command.slice(1)}`;
    creators[creator] = create;
    methods[command] = (...values) => Callback.sendCallback(creators[creator](...values));
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

  return methods;
})();
