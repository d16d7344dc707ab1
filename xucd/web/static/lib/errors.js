/** Why xucd, or the way to it, turned something down.

`code` is for programs, `message` for people; `detail` holds what else xucd said, such as the
`phoneNb` of `LoggedInOnAnotherPhone`. Codes of this library's own: `Disconnected` (the link was
lost before the answer, or there was none), `Unreachable` (nobody answers), `Closed` (`close()` was
called), `Timeout` (`until` waited long enough), `UnknownArgument`. */
export class Refused extends Error {
  constructor(code, message = code, detail = {}) {
    super(message);
    this.name = "Refused";
    this.code = code;
    this.detail = detail;
    this.final = false; // whether signing in again the same way is of no use
  }
}
