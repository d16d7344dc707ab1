// @ts-nocheck: the provider comes without types
/* A provider of OpenID Connect for tests: node-oidc-provider, with people whose password is not asked.

    node tests/js/oidc-provider.mjs '{"port": 1, "xucd": "http://127.0.0.1:2", "key": "1"}'

It signs with a key of the given name, and prints a line when it listens. People and their groups are
told by `PUT /people/LOGIN` with JSON: `{"groups": []}`. */

import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { port, xucd, key } = JSON.parse(process.argv[2]);
const people = new Map();
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const signing = { ...privateKey.export({ format: "jwk" }), kid: key, use: "sig", alg: "ES256" };
const cookieKey = createHash("sha256").update(key).digest("hex");

const provider = new Provider(issuer, {
  clients: [{
    client_id: "xucd",
    client_secret: "a secret+of/xucd",
    redirect_uris: [`${xucd}/signin/oidc/callback`],
    post_logout_redirect_uris: [`${xucd}/`],
    backchannel_logout_uri: `${xucd}/signin/oidc/backchannel-logout`,
    backchannel_logout_session_required: true,
    id_token_signed_response_alg: "ES256",
  }],
  jwks: { keys: [signing] },
  cookies: { keys: [cookieKey] },
  claims: {
    openid: ["sub", "sid"],
    profile: ["preferred_username", "given_name", "family_name", "groups"],
  },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
  // Its own refuses addresses of this machine, where xucd is here.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  findAccount(_, login) {
    const groups = people.get(login)?.groups ?? [];
    const claims = {
      sub: `subject-of-${login}`, preferred_username: login, given_name: "Given",
      family_name: `Of ${login}`, groups,
    };
    return { accountId: login, claims: () => claims };
  },
});

provider.on("backchannel.error", (_, error) => console.error("back-channel logout:", error));
createServer((request, response) => {
  if (request.method !== "PUT") {
    provider.callback()(request, response);
    return;
  }
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    people.set(request.url.split("/").at(-1), JSON.parse(body));
    response.writeHead(204).end();
  });
}).listen(port, "127.0.0.1", () => console.log("listening"));
