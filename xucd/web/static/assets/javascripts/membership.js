/* xucd's library for web pages: the global Membership, for the queues that agents belong to by
 * default.
 *
 *   Membership.init(Cti);
 *   Membership.setUserDefaultMembership(1, [{ queueId: 1, penalty: 0 }]);
 */
var Membership = (function () {
  "use strict";

  // The methods, by what they are called on the wire; then their arguments there.
  const COMMANDS = {
    getUserDefaultMembership: ["userId"],
    setUserDefaultMembership: ["userId", "membership"],
    setUsersDefaultMembership: ["userIds", "membership"],
    applyUsersDefaultMembership: ["userIds"],
  };

  let given = null;

  const Membership = {
    MessageType: {
      USERQUEUEDEFAULTMEMBERSHIP: "UserQueueDefaultMembership",
      USERSQUEUEDEFAULTMEMBERSHIP: "UsersQueueDefaultMembership",
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
        console.error("Membership: there is no Cti to send through");
        return;
      }
      // Looked up now: it is another one after each connection.
      cti.sendCallback(message);
    },
  };

  const factory = Membership.MessageFactory;

  for (const [command, names] of Object.entries(COMMANDS)) {
    const creator = `create${command[0].toUpperCase()}${command.slice(1)}`;
    factory[creator] = (...values) => {
      const message = factory.createMessage(command);
      names.forEach((name, at) => {
        if (values[at] !== undefined) {
          message[name] = values[at];
        }
      });
      return message;
    };
    Membership[command] = (...values) => Membership.sendCallback(factory[creator](...values));
  }

  return Membership;
})();
