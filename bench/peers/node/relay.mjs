/* What one would write instead: Asterisk's queue events as JSON to every page.
 *
 * asterisk-manager hears Asterisk, ws sends to the pages. Usage: node relay.mjs AMI_PORT SECRET; it
 * prints the port where it listens for pages.
 */

import Ami from "asterisk-manager";
import { WebSocket, WebSocketServer } from "ws";

const [port, secret] = process.argv.slice(2);
const ami = Ami(Number(port), "127.0.0.1", "xucd", secret, true);
ami.keepConnected();

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 }, () => {
  console.log(`port ${server.address().port}`);
});

ami.on("managerevent", (event) => {
  if (!event.event.startsWith("QueueMember")) return;
  const message = JSON.stringify(event);
  for (const page of server.clients) {
    if (page.readyState === WebSocket.OPEN) page.send(message);
  }
});
