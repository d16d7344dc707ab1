/* Signing in over HTTP, and the token that it gives.

The token is kept for this tab alone, so that a reload stays signed in and a closed tab does not. */

const KEY = "xucd.token";

/** Signing in did not work. `message` is for a person; `final` says that trying again is no use. */
export class SignInError extends Error {
  constructor(message, final) {
    super(message);
    this.final = final;
  }
}

/** The token of this tab, or null. */
export function heldToken() {
  return sessionStorage.getItem(KEY);
}

/** Forgets the token. */
export function signOut() {
  sessionStorage.removeItem(KEY);
}

/** Signs in; resolves to {login, token, TTL} with TTL in seconds. Rejects with `SignInError`. */
export async function signIn(login, password) {
  return held(await request("login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ login, password }),
  }));
}

/** Trades the held token for a new one; resolves as `signIn`. Rejects with `SignInError`. */
export async function renew() {
  const headers = { Authorization: `Bearer ${heldToken()}` };
  return held(await request("check", { headers }));
}

function held(session) {
  sessionStorage.setItem(KEY, session.token);
  return session;
}

async function request(name, options) {
  let answer;
  try {
    answer = await fetch(`/xuc/api/2.0/auth/${name}`, { ...options, cache: "no-store" });
  } catch {
    throw new SignInError("xucd cannot be reached. Is it running?", false);
  }
  if (answer.ok) {
    return answer.json();
  }
  throw new SignInError(await words(answer), answer.status < 500 && answer.status !== 429);
}

async function words(answer) {
  if (answer.status === 429) {
    const wait = Number(answer.headers.get("Retry-After"));
    return `Too many attempts to sign in. ${wait ? `Try again in ${wait} s.` : "Try again later."}`;
  }
  if (answer.status === 401) {
    return "Unknown login or wrong password.";
  }
  if (answer.status === 403) {
    return "Your session has ended. Sign in again.";
  }
  const error = await answer.json().catch(() => null);
  return error?.message ?? `xucd answered with an error (${answer.status}).`;
}
