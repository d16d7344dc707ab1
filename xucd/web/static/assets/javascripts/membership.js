/* xucd's library for web pages: the global Membership, for the default queue memberships of
 * agents.
 *
 *   Membership.init(Cti);
 *   Membership.setUserDefaultMembership(1, [{ queueId: 1, penalty: 0 }]);
 */
/* exported Membership */
var Membership = (function () {
  "use strict";

  /** The methods, by the name of the command; then the names of its arguments.
   * @type {Record<string, string[]>}
   */
  const COMMANDS = {
    getUserDefaultMembership: ["userId"],
    setUserDefaultMembership: ["userId", "membership"],
    setUsersDefaultMembership: ["userIds", "membership"],
    applyUsersDefaultMembership: ["userIds"],
  };

  /** @typedef {{sendCallback: (message: object) => void}} Sender */
  /** @typedef {Record<string, unknown>} Frame */

  /** @type {Sender | null} */
  let given = null;

  const Membership = {
    MessageType: {
      USERQUEUEDEFAULTMEMBERSHIP: "UserQueueDefaultMembership",
      USERSQUEUEDEFAULTMEMBERSHIP: "UsersQueueDefaultMembership",
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
        console.error("Membership: there is no Cti to send through");
        return;
      }
      // Looked up now, since it changes with each connection.
      cti.sendCallback(message);
    },
  };

  const factory = Membership.MessageFactory;
  const creators =
    /** @type {typeof factory & Record<string, (...values: any[]) => Frame>} */ (factory);
  const methods = /** @type {typeof Membership & Record<string, (...values: any[]) => void>} */ (Membership);

  for (const [command, names] of Object.entries(COMMANDS)) {
    const creator = `create${command[0].toUpperCase()}${command.slice(1)}`;
    creators[creator] = (...values) => {
      const message = factory.createMessage(command);
      names.forEach((name, at) => {
        if (values[at] !== undefined) {
          message[name] = values[at];
        }
      });
      return message;
    };
    methods[command] = (...values) => Membership.sendCallback(creators[creator](...values));
  }

  return methods;
})();
