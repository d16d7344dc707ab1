/* A WebSocket that tells of everything that goes through it. */

let listener = () => {};
let current = null;

/** Calls `heard({at, way, text})` for each frame and each end of the link; `at` is epoch ms, `way`
"sent", "received", "opened" or "closed". A frame's `text` is as it was; of a close, its code. */
export function listenTo(heard) {
  listener = heard;
}

/** Sends a text as it is; returns whether there was a link to send it on. */
export function sendText(text) {
  if (current?.readyState !== WebSocket.OPEN) {
    return false;
  }
  current.send(text);
  return true;
}

/** What the library is to open its links with. */
export class RecordedSocket extends WebSocket {
  constructor(...values) {
    super(...values);
    current = this;
    this.addEventListener("open", () => tell("opened", ""));
    this.addEventListener("message", ({ data }) => tell("received", data));
    this.addEventListener("close", ({ code, reason }) => {
      tell("closed", `${code} ${reason}`.trim());
    });
  }

  send(text) {
    tell("sent", text);
    super.send(text);
  }
}

function tell(way, text) {
  listener({ at: Date.now(), way, text });
}
