/** The error for whatever xucd, or the way to it, refused.

`code` is for programs, `message` for people; `detail` holds what else xucd said, such as the
`phoneNb` of `LoggedInOnAnotherPhone`. Codes of this library's own: `Disconnected` (the link was
lost before the answer, or there was none), `Unreachable` (xucd cannot be reached), `Closed`
(`close()` was called), `Timeout` (`until` waited too long), `UnknownArgument`. */
export class Refused extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {Record<string, unknown>} [detail]
   */
  constructor(code, message = code, detail = {}) {
    super(message);
    this.name = "Refused";
    this.code = code;
    this.detail = detail;
    this.final = false; // whether signing in again with the same values cannot succeed
  }
}

/** What a `catch` caught, as the `Refused` that it is; throws anything else on.
 * @param {unknown} error
 */
export function refusal(error) {
  if (error instanceof Refused) {
    return error;
  }
  throw error;
}
