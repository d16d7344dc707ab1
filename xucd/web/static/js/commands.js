/* Commands and what becomes of them: each bears a number, under which xucd answers it. */

/** A command was not carried out; `message` says why, for a person. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Sends commands over `send(frame)`, which returns false when there is no link. */
export class Commands {
  constructor(send) {
    this.send = send;
    this.next = 1;
    this.waiting = new Map();
  }

  /** Asks xucd for something; resolves once Asterisk has accepted. Rejects with `Refused`. */
  ask(command, values = {}) {
    return new Promise((resolve, reject) => {
      const requestId = this.next++;
      if (!this.send({ claz: "web", command, requestId, ...values })) {
        reject(new Refused("NoLink", "There is no connection to xucd at present."));
        return;
      }
      this.waiting.set(requestId, { resolve, reject });
    });
  }

  /** Takes a `CommandResult`. */
  answered({ requestId, ok, error, message }) {
    const asked = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    if (ok) {
      asked?.resolve();
    } else {
      asked?.reject(new Refused(error, message ?? error));
    }
  }

  /** Gives up on what is still unanswered: the link is lost. */
  giveUp() {
    for (const { reject } of this.waiting.values()) {
      reject(new Refused("LinkLost", "The connection was lost before xucd answered."));
    }
    this.waiting.clear();
  }
}
